"""Draws the 4x6 inch labels of the simulated carriers: vector PDF, real barcodes, and SAMPLE across each.

The layouts serve the same readers as the carriers' own (a sorter, a driver, two scanners) without copying their dress.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from portside.kit.barcodes import code128, data_matrix, draw_bars, draw_matrix, gs1_128
from portside.kit.fonts import DRAWING, load_fonts
from portside.simulator.countries import is_us_domestic
from portside.simulator.geography import find_city
from portside.simulator.label_sheet import HEIGHT, MARGIN, WIDTH, Align, Sheet
from portside.simulator.label_types import CustomsForm, LabelContent, address_text, weight_text

# The one sign by which a sorter tells services apart from afar.
_SIGNS = {
    "usps_priority": "P",
    "usps_priority_express": "E",
    "usps_ground_advantage": "G",
    "usps_priority_mail_international": "PI",
    "usps_priority_mail_express_international": "EI",
    "usps_first_class_package_international_service": "FI",
    "ups_ground": "G",
    "ups_3_day_select": "3",
    "ups_second_day_air": "2",
    "ups_second_day_air_am": "2A",
    "ups_next_day_air_saver": "1S",
    "ups_next_day_air": "1",
    "ups_next_day_air_early_am": "1+",
    "ups_standard": "ST",
    "ups_expedited": "XD",
    "ups_saver": "SV",
    "ups_express": "X",
    "ups_express_plus": "X+",
}

_INNER = WIDTH - 2 * MARGIN
_CUSTOMS_HEIGHT = 108.0
_CUSTOMS_ROWS = 4


class _Heights(NamedTuple):
    """How the sheet is divided from the top, in points; the rest is the foot. `watermark` is where its middle is."""

    head: float
    banner: float
    sender: float
    recipient: float
    barcode: float
    watermark: float


_PLAIN = {
    "usps": _Heights(head=66, banner=28, sender=62, recipient=96, barcode=118, watermark=254),
    "ups": _Heights(head=70, banner=40, sender=0, recipient=92, barcode=112, watermark=312),
}
_WITH_CUSTOMS = {
    "usps": _Heights(head=46, banner=22, sender=54, recipient=76, barcode=78, watermark=287),
    "ups": _Heights(head=58, banner=28, sender=0, recipient=76, barcode=78, watermark=326),
}


def draw_label(content: LabelContent) -> bytes:
    """The label as a one-page PDF of 4x6 inches. CPU-bound for a few milliseconds: call it in a thread.

    Raises portside.kit.fonts.FontsMissing when the text needs fonts that were not installed, and
    portside.kit.barcodes.BarcodeError when the tracking number cannot be printed as a barcode.
    """
    with DRAWING:
        sheet = Sheet(load_fonts(), f"SAMPLE {content.tracking_number}")
        layout = (_WITH_CUSTOMS if content.customs else _PLAIN)[content.carrier]
        sheet.watermark("SAMPLE", layout.watermark)
        draw = _draw_usps if content.carrier == "usps" else _draw_ups
        y = draw(sheet, content, layout)
        if content.customs is not None:
            y = _customs(sheet, content.customs, y)
        _foot(sheet, content, y)
        sheet.box(MARGIN, MARGIN, _INNER, HEIGHT - 2 * MARGIN, 1.2)
        return sheet.finish()


def _draw_usps(sheet: Sheet, content: LabelContent, layout: _Heights) -> float:
    top = HEIGHT - MARGIN
    y = top - layout.head
    sheet.upright(MARGIN + layout.head, y, top)
    sheet.mark(MARGIN + 5, y + 5, layout.head - 10, layout.head - 10, _SIGNS.get(content.service, "P"))
    _facts(sheet, content, MARGIN + layout.head + 8, top, layout.head)
    y = _banner(sheet, content, y, layout.banner, "USPS")
    y -= layout.sender
    sheet.block(MARGIN + 6, y + layout.sender - 4, _from_lines(content), 8, width=_INNER - 12, height=layout.sender - 6)
    y -= layout.recipient
    side = min(62.0, layout.recipient - 20)
    _matrix(sheet, content, WIDTH - MARGIN - 6 - side, y + 8, side)
    _to_block(sheet, content, MARGIN + 18, y, _INNER - side - 32, layout.recipient)
    return _bar_block(sheet, content, y, layout.barcode, "USPS TRACKING #")


def _draw_ups(sheet: Sheet, content: LabelContent, layout: _Heights) -> float:
    top = HEIGHT - MARGIN
    y = top - layout.head
    sheet.block(MARGIN + 6, top - 4, _from_lines(content), 7.5, width=150, height=layout.head - 6)
    _facts(sheet, content, MARGIN + 166, top, layout.head)
    y -= layout.recipient
    _to_block(sheet, content, MARGIN + 22, y, _INNER - 28, layout.recipient)
    sheet.rule(y, 1)
    y = _routing(sheet, content, y, 62 if content.customs is None else 44)
    y = _banner(sheet, content, y, layout.banner, "UPS", sign=True)
    return _bar_block(sheet, content, y, layout.barcode, "TRACKING #")


def _facts(sheet: Sheet, content: LabelContent, x: float, top: float, height: float) -> None:
    """Weight, date, zone and piece, and the sentence that makes the label worthless."""
    width = WIDTH - MARGIN - 6 - x
    rows = [
        (weight_text(content.ounces).upper() + f"   {content.piece_number} OF {content.piece_count}", True),
        ("SHIP DATE " + _date(content.ship_date) + (f"   ZONE {content.zone}" if content.zone else ""), False),
        ("NOT VALID FOR SHIPPING", False),
    ]
    step = (height - 8) / len(rows)
    for number, (text, bold) in enumerate(rows):
        size = min(13.0 if bold else 8.5, step * 0.8)
        sheet.text(x, top - 4 - (number + 0.75) * step, text, size, width=width, bold=bold, align="right")


def _banner(
    sheet: Sheet, content: LabelContent, top: float, height: float, carrier: str, *, sign: bool = False
) -> float:
    y = top - height
    sheet.rule(top, 2.5)
    sheet.rule(y, 2.5)
    right = height if sign else 0.0
    if sign:
        sheet.mark(WIDTH - MARGIN - height, y, height, height, _SIGNS.get(content.service, "-"))
    name = f"{carrier} {content.service_name}".upper()
    size = height * 0.55
    sheet.text(
        MARGIN + 6, y + (height - size * 0.72) / 2, name, size,
        width=_INNER - 12 - right, bold=True, align="left" if sign else "center",
    )  # fmt: skip
    return y


def _from_lines(content: LabelContent) -> list[tuple[str, bool]]:
    address = address_text(content.sender)
    country = address.country if content.is_international else ""
    return [
        (line, False) for line in (*address.head, *address.locality, country, _phone(content.sender.phone, content))
    ]


def _to_block(sheet: Sheet, content: LabelContent, x: float, y: float, width: float, height: float) -> None:
    sheet.text(x, y + height - 10, "SHIP TO", 7, width=width, bold=True)
    address = address_text(content.recipient)
    lines = [(line, number == 0) for number, line in enumerate(address.head)]
    lines += [(line, True) for line in address.locality]
    if content.is_international:
        lines += [(address.country, True), (_phone(content.recipient.phone, content), False)]
    sheet.block(x, y + height - 12, lines, 12, width=width, height=height - 16)


def _phone(phone: str, content: LabelContent) -> str:
    return f"PHONE {phone.strip()}" if content.is_international and phone.strip() else ""


def _matrix(sheet: Sheet, content: LabelContent, x: float, y: float, side: float) -> None:
    sheet.blank(x, y, side, side)
    number = content.tracking_number
    if number.startswith("9"):
        rows = data_matrix(_with_zip(content), gs1=True)
    else:
        rows = data_matrix("|".join((number, content.recipient.country.upper(), content.recipient.zip.strip()[:10])))
    draw_matrix(sheet.canvas, rows, x, y, side)


def _with_zip(content: LabelContent) -> str:
    """The IMpb element string: routing ZIP code, then the tracking number split after its application identifier."""
    digits = _zip_digits(content)
    number = content.tracking_number
    return (f"(420){digits}" if digits else "") + f"({number[:2]}){number[2:]}"


def _zip_digits(content: LabelContent) -> str:
    """Five or nine digits of a United States destination, else empty."""
    if not is_us_domestic(content.recipient.country):
        return ""
    digits = "".join(char for char in content.recipient.zip if char in "0123456789")
    return digits if len(digits) in (5, 9) else ""


def _routing(sheet: Sheet, content: LabelContent, top: float, height: float) -> float:
    y = top - height
    side = height - 4
    _matrix(sheet, content, MARGIN + 2, y + 2, side)
    x = MARGIN + height + 4
    sheet.upright(MARGIN + height, y, top)
    width = WIDTH - MARGIN - x - 4
    sheet.text(x, top - height * 0.36, _routing_code(content), height * 0.34, width=width, bold=True)
    digits = _zip_digits(content)
    if not digits:
        ends = f"{content.sender.country.upper()} - {content.recipient.country.upper()}"
        sheet.text(x, y + height * 0.2, ends, height * 0.22, width=width)
    else:
        bars = height * 0.48
        sheet.blank(x, y + 2, width, bars)
        draw_bars(sheet.canvas, gs1_128(f"(420){digits}"), x, y + 4, width, bars - 4)
    return y


def _routing_code(content: LabelContent) -> str:
    """State and sorting area of the destination, as in `NY 100 01`; the country and its code elsewhere."""
    recipient = content.recipient
    digits = _zip_digits(content)
    if digits:
        city = find_city(digits[:5])
        state = city.state if city is not None else recipient.state.upper()
        return f"{state} {digits[:3]} {digits[3:5]}"
    return f"{recipient.country.upper()} {recipient.zip.strip().upper()}".strip()


def _bar_block(sheet: Sheet, content: LabelContent, top: float, height: float, caption: str) -> float:
    y = top - height
    number = content.tracking_number
    sheet.rule(top, 2.5)
    sheet.blank(MARGIN + 1, y + 1, _INNER - 2, height - 3)
    sheet.text(MARGIN + 6, top - 12, caption, 9, width=_INNER - 12, bold=True, align="center")
    modules = gs1_128(_with_zip(content)) if number.startswith("9") else code128(number)
    draw_bars(sheet.canvas, modules, MARGIN, y + 18, _INNER, height - 36)
    sheet.text(MARGIN + 6, y + 6, _grouped(number), 10, width=_INNER - 12, bold=True, align="center")
    sheet.rule(y, 2.5)
    return y


def _grouped(number: str) -> str:
    """In groups that people can read out: 1Z 999 AA1 01 2345 6784, 9205 5903 …, CP 123 456 785 US."""
    if number.startswith("1Z"):
        return " ".join((number[:2], number[2:5], number[5:8], number[8:10], number[10:14], number[14:]))
    if number[:1].isalpha():
        return " ".join((number[:2], number[2:5], number[5:8], number[8:11], number[11:]))
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def _customs(sheet: Sheet, form: CustomsForm, top: float) -> float:
    """A block after the UPU's CN 22: what is in the parcel, what it weighs, what it is worth, who says so."""
    y = top - _CUSTOMS_HEIGHT
    left, width = MARGIN + 5, _INNER - 10
    sheet.text(left, top - 9, "CUSTOMS DECLARATION  CN 22", 7.5, width=width * 0.6, bold=True)
    sheet.text(left, top - 9, form.contents_type.replace("_", " ").upper(), 7.5, width=width, align="right")
    columns = (
        ("QTY", 22.0),
        ("DESCRIPTION", 122.0),
        ("HS CODE", 44.0),
        ("ORIGIN", 24.0),
        ("KG", 24.0),
        ("VALUE", 26.0),
    )
    rows = [tuple(name for name, _ in columns), *_customs_rows(form)]
    for number, row in enumerate(rows):
        x = left
        row_y = top - 21 - number * 11
        for cell, (name, column) in zip(row, columns, strict=True):
            align: Align = "right" if name in ("KG", "VALUE") else "left"
            sheet.text(x, row_y, cell, 5.5 if number == 0 else 7, width=column - 2, align=align)
            x += column
    sheet.rule(top - 24, 0.5)
    note = "I certify that the particulars are correct and that this item holds nothing dangerous or prohibited."
    sheet.text(left, y + 15, note, 5.5, width=width)
    signed = f"SIGNED {form.signer}" + (
        f"   IF UNDELIVERABLE {form.non_delivery_option}" if form.non_delivery_option else ""
    )
    sheet.text(left, y + 5, signed, 7, width=width, bold=True)
    sheet.rule(y, 1)
    return y


def _customs_rows(form: CustomsForm) -> list[tuple[str, ...]]:
    """The lines as cells, the last ones folded into one when they are too many, and the total."""
    shown = form.lines if len(form.lines) <= _CUSTOMS_ROWS else form.lines[: _CUSTOMS_ROWS - 1]
    rows: list[tuple[str, ...]] = [
        (
            str(line.quantity),
            line.description,
            line.tariff_number,
            line.origin_country.upper(),
            _kg(line.grams),
            f"{line.value:.2f}",
        )
        for line in shown
    ]
    rest = form.lines[len(shown) :]
    if rest:
        quantity, value = sum(line.quantity for line in rest), sum(line.value for line in rest)
        rows.append(
            (
                str(quantity),
                f"{len(rest)} more lines, see invoice",
                "",
                "",
                _kg(sum(line.grams for line in rest)),
                f"{value:.2f}",
            )
        )
    currencies = "/".join(dict.fromkeys(line.currency.upper() for line in form.lines))
    total = sum(line.value for line in form.lines)
    rows.append(("", f"TOTAL {currencies}", "", "", _kg(sum(line.grams for line in form.lines)), f"{total:.2f}"))
    return rows


def _kg(grams: int) -> str:
    return f"{grams / 1000:.3f}"


def _foot(sheet: Sheet, content: LabelContent, top: float) -> None:
    marks = [(text.upper(), True) for text in content.endorsements]
    references = [(f"REF {number}: {text}", False) for number, text in enumerate(content.references, 1) if text.strip()]
    lines = [*marks, *references]
    if lines:
        sheet.block(MARGIN + 6, top - 3, lines, 8, width=_INNER - 12, height=top - MARGIN - 6)


def _date(day: dt.date) -> str:
    return f"{day:%d} {day:%b} {day.year}".upper()
