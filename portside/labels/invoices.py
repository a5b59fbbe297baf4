"""The commercial invoice of a purchase that crosses a border: US Letter, in any script, as many pages as it needs.

What has to be on it: 19 CFR 141.86 for goods into the United States; carriers ask for the same elsewhere.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from portside.addresses.models import Address
from portside.addresses.rules import address_lines, country_name, phone_text
from portside.customs.models import DeclarationDetails, Item
from portside.kit.fonts import DRAWING, Fonts, load_fonts
from portside.kit.units import grams

_WIDTH, _HEIGHT = letter
_MARGIN = 42.0
_MIDDLE = _WIDTH / 2 + 6
_RIGHT = _WIDTH - _MARGIN
_BOTTOM = 56.0
_SIZE = 9.0
_LEADING = 12.0
_STATEMENT = "I declare that all information in this invoice is true and correct, and that I may sign it."
# Where the columns of the goods begin; those of numbers end there.
_GOODS, _TARIFF, _ORIGIN = _MARGIN + 34, _MARGIN + 230, _MARGIN + 300
_WEIGHT_END, _UNIT_END, _VALUE_END = _MARGIN + 390, _MARGIN + 458, _RIGHT
# Of many parcels not every number is printed: the invoice lies in the first one.
_SHOWN_NUMBERS = 6
_REASONS = {"RETURN_MERCHANDISE": "Returned merchandise", "SAMPLE": "Commercial sample"}


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """What is on the invoice: one for all parcels of a purchase. `gross_grams` is what the parcels weigh together."""

    number: str
    date: dt.date
    exporter: Address
    consignee: Address
    declaration: DeclarationDetails
    items: tuple[Item, ...]
    tracking_numbers: tuple[str, ...]
    carrier: str
    service: str
    gross_grams: int
    importer: Address | None = None
    is_test: bool = False


def commercial_invoice(invoice: Invoice) -> bytes:
    """The PDF, the same bytes each time. CPU-bound: call it in a thread. Raises portside.kit.fonts.FontsMissing."""
    buffer = io.BytesIO()
    with DRAWING:
        canvas = Canvas(buffer, pagesize=letter, pageCompression=1, invariant=1)
        canvas.setTitle(f"Commercial invoice {invoice.number}")
        _Pages(canvas, load_fonts()).draw(invoice)
        canvas.save()
    return buffer.getvalue()


class _Pages:
    """The sheets, written from the top; `_y` is the next line's."""

    def __init__(self, canvas: Any, fonts: Fonts) -> None:
        self._canvas = canvas
        self._fonts = fonts
        self._y = _HEIGHT - _MARGIN
        self._page = 1

    def draw(self, invoice: Invoice) -> None:
        self._text(_MARGIN, "Commercial invoice", 16, bold=True)
        if invoice.is_test:
            self._right(_RIGHT, "SAMPLE, made in test mode", 10, bold=True)
        self._down(26)
        declared = invoice.declaration
        self._side_by_side(
            ("Exporter", [*_party(invoice.exporter), *_exporter_ids(declared)]),
            ("Consignee", _party(invoice.consignee)),
        )
        if invoice.importer is not None:
            self._side_by_side(("Importer of record", _party(invoice.importer)), ("", []))
        self._facts(_facts(invoice))
        self._heads()
        for item in invoice.items:
            self._item(item)
        self._totals(invoice)
        for paragraph in (declared.notes, declared.disclaimer):
            self._paragraph(paragraph)
        self._signature(invoice)
        self._foot()
        self._canvas.showPage()

    def _side_by_side(self, left: tuple[str, Sequence[str]], right: tuple[str, Sequence[str]]) -> None:
        width = _MIDDLE - _MARGIN - 16
        columns = [
            (x, title, [part for line in lines for part in self._fonts.wrap(line, _SIZE, width)])
            for x, (title, lines) in ((_MARGIN, left), (_MIDDLE, right))
        ]
        self._room(2 + max(len(lines) for _, _, lines in columns))
        for x, title, _ in columns:
            self._text(x, title, 8, bold=True)
        self._down()
        self._columns([(x, lines) for x, _, lines in columns])
        self._rule()

    def _facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Names and values in two columns, read row by row."""
        indent = 96
        width = _MIDDLE - _MARGIN - indent - 12
        for start in range(0, len(facts), 2):
            row = [
                (x, name, self._fonts.wrap(value, _SIZE, width))
                for x, (name, value) in zip((_MARGIN, _MIDDLE), facts[start : start + 2], strict=False)
            ]
            self._room(max(len(lines) for _, _, lines in row))
            for x, name, _ in row:
                self._text(x, name, 8, bold=True, width=indent - 4)
            self._columns([(x + indent, lines) for x, _, lines in row])
        self._rule()

    def _columns(self, columns: Sequence[tuple[float, Sequence[str]]]) -> None:
        """Lines beside each other; the next line is below the longest column."""
        for x, lines in columns:
            for number, line in enumerate(lines):
                self._fonts.draw(self._canvas, x, self._y - number * _LEADING, line, _SIZE)
        self._down(max(len(lines) for _, lines in columns) * _LEADING)

    def _heads(self) -> None:
        for x, word in ((_MARGIN, "Qty"), (_GOODS, "Description"), (_TARIFF, "HS code"), (_ORIGIN, "Origin")):
            self._text(x, word, 8, bold=True)
        for x, word in ((_WEIGHT_END, "Net weight"), (_UNIT_END, "Unit value"), (_VALUE_END, "Value")):
            self._right(x, word, 8, bold=True)
        self._down(6)
        self._rule()

    def _item(self, item: Item) -> None:
        described = self._fonts.wrap(item.description, _SIZE, _TARIFF - _GOODS - 8)
        marks = [f"SKU {item.sku_code}" if item.sku_code else "", f"ECCN {item.eccn_ear99}" if item.eccn_ear99 else ""]
        described += [self._fonts.cut(mark, _SIZE, _TARIFF - _GOODS - 8) for mark in marks if mark]
        if self._room(min(len(described), 6)):
            self._heads()
        value = Decimal(item.value_amount)
        self._text(_MARGIN, str(item.quantity), _SIZE, width=_GOODS - _MARGIN - 2)
        self._text(_TARIFF, item.tariff_number or item.hs_code or "–", _SIZE, width=_ORIGIN - _TARIFF - 6)
        self._text(_ORIGIN, item.origin_country, _SIZE)
        self._right(_WEIGHT_END, f"{item.net_weight} {item.mass_unit}", _SIZE, width=_WEIGHT_END - _ORIGIN - 24)
        self._right(_UNIT_END, _money(_rounded(value / item.quantity)), _SIZE, width=_UNIT_END - _WEIGHT_END - 8)
        self._right(_VALUE_END, f"{_money(value)} {item.value_currency}", _SIZE, width=_VALUE_END - _UNIT_END - 8)
        for line in described:
            if self._room(1):
                self._heads()
            self._text(_GOODS, line, _SIZE)
            self._down()
        self._down(3)

    def _totals(self, invoice: Invoice) -> None:
        self._rule()
        net = sum(grams(item.net_weight, item.mass_unit) for item in invoice.items)
        for name, value in (
            ("Packages", str(len(invoice.tracking_numbers))),
            ("Total net weight", _kilograms(net)),
            ("Total gross weight", _kilograms(invoice.gross_grams)),
            *_sums(invoice),
        ):
            self._room(1)
            self._right(_UNIT_END, name, _SIZE, bold=True)
            self._right(_VALUE_END, value, _SIZE, bold=True)
            self._down()
        self._down(6)

    def _signature(self, invoice: Invoice) -> None:
        self._room(6)
        self._paragraph(_STATEMENT)
        self._down(18)
        self._text(_MARGIN, invoice.declaration.certify_signer, 11, width=_MIDDLE - _MARGIN - 20)
        self._text(_MIDDLE, f"{invoice.date:%Y-%m-%d}", 11)
        self._down(5)
        self._canvas.setLineWidth(0.5)
        self._canvas.line(_MARGIN, self._y, _MIDDLE - 20, self._y)
        self._canvas.line(_MIDDLE, self._y, _RIGHT, self._y)
        self._down(10)
        self._text(_MARGIN, "Signed by", 8)
        self._text(_MIDDLE, "Date", 8)

    def _paragraph(self, text: str) -> None:
        for part in text.splitlines():
            for line in self._fonts.wrap(part, _SIZE, _RIGHT - _MARGIN):
                self._room(1)
                self._text(_MARGIN, line, _SIZE, width=_RIGHT - _MARGIN)
                self._down()

    def _room(self, lines: int) -> bool:
        """Begin a new page unless that many lines fit on this one; tells whether it did."""
        if self._y - lines * _LEADING >= _BOTTOM:
            return False
        self._foot()
        self._canvas.showPage()
        self._page += 1
        self._y = _HEIGHT - _MARGIN
        return True

    def _foot(self) -> None:
        self._fonts.draw(self._canvas, _MARGIN, 34, f"Page {self._page}", 8)

    def _rule(self) -> None:
        self._canvas.setLineWidth(0.5)
        self._canvas.line(_MARGIN, self._y, _RIGHT, self._y)
        self._down(14)

    def _text(self, x: float, text: str, size: float, *, bold: bool = False, width: float = 300) -> None:
        self._fonts.draw(self._canvas, x, self._y, self._fonts.cut(text, size, width, bold=bold), size, bold=bold)

    def _right(self, end: float, text: str, size: float, *, bold: bool = False, width: float = 300) -> None:
        """A number is never cut; one too long for its column is written smaller."""
        size = self._fonts.shrink(text, size, width, 3, bold=bold)
        x = end - self._fonts.width(text, size, bold=bold)
        self._fonts.draw(self._canvas, x, self._y, text, size, bold=bold)

    def _down(self, by: float = _LEADING) -> None:
        self._y -= by


def _party(address: Address) -> list[str]:
    contact = (f"Phone {phone_text(address.phone)}" if address.phone else "", address.email)
    return [line for line in (address.name, address.company, *address_lines(address), *contact) if line]


def _exporter_ids(declared: DeclarationDetails) -> list[str]:
    known = declared.exporter_identification
    if known is None:
        return []
    lines = [f"EORI {known.eori_number}"] if known.eori_number else []
    if known.tax_id is not None and known.tax_id.number:
        lines.append(f"{known.tax_id.type or 'Tax id'} {known.tax_id.number}")
    return lines


def _facts(invoice: Invoice) -> list[tuple[str, str]]:
    """What was declared, name by name; what was not is left out."""
    declared = invoice.declaration
    facts = (
        ("Invoice number", invoice.number),
        ("Date", f"{invoice.date:%Y-%m-%d}"),
        ("Shipped by", f"{invoice.carrier} {invoice.service}"),
        ("Tracking", _numbers(invoice.tracking_numbers)),
        ("Terms of sale", declared.incoterm or ""),
        ("Reason for export", _reason(declared)),
        ("Exported from", country_name(invoice.exporter.country)),
        ("Destination", country_name(invoice.consignee.country)),
        ("If undeliverable", declared.non_delivery_option.capitalize()),
        ("EEI / PFC", _export_filing(declared)),
        ("B13A", " ".join(filter(None, (_words(declared.b13a_filing_option or ""), declared.b13a_number)))),
        ("Exporter's reference", declared.exporter_reference),
        ("Importer's reference", declared.importer_reference),
        ("License", declared.license),
        ("Certificate", declared.certificate),
        ("Duties paid by", _payor(declared)),
        ("VAT", "Collected by the seller" if declared.is_vat_collected else ""),
    )
    return [(name, value) for name, value in facts if value]


def _numbers(numbers: Sequence[str]) -> str:
    rest = len(numbers) - _SHOWN_NUMBERS
    return ", ".join(numbers[:_SHOWN_NUMBERS]) + (f" and {rest} more" if rest > 0 else "")


def _reason(declared: DeclarationDetails) -> str:
    reason = _REASONS.get(declared.contents_type) or _words(declared.contents_type)
    return f"{reason}: {declared.contents_explanation}" if declared.contents_explanation else reason


def _export_filing(declared: DeclarationDetails) -> str:
    """`NOEEI_30_37_a` is the exemption of 15 CFR 30.37(a)."""
    if declared.eel_pfc == "AES_ITN":
        return f"AES ITN {declared.aes_itn}"
    part, _, letter_ = (declared.eel_pfc or "").removeprefix("NOEEI_").replace("_", ".", 1).partition("_")
    return f"NO EEI {part}{f'({letter_})' if letter_ else ''}" if part else ""


def _payor(declared: DeclarationDetails) -> str:
    payor = declared.duties_payor
    if payor is None or payor.type is None:
        return ""
    return " ".join(filter(None, (_words(payor.type), f"(account {payor.account})" if payor.account else "")))


def _sums(invoice: Invoice) -> list[tuple[str, str]]:
    """The goods' value by currency, what was charged beside it, and the total where all is in one currency."""
    values: dict[str, Decimal] = {}
    for item in invoice.items:
        values[item.value_currency] = values.get(item.value_currency, Decimal(0)) + Decimal(item.value_amount)
    sums = [("Total value", f"{_money(value)} {currency}") for currency, value in values.items()]
    charges = invoice.declaration.invoiced_charges
    if charges is None:
        return sums
    named = (
        ("Shipping", charges.total_shipping),
        ("Taxes", charges.total_taxes),
        ("Duties", charges.total_duties),
        ("Other fees", charges.other_fees),
    )
    charged = [(name, Decimal(amount)) for name, amount in named if amount is not None]
    sums += [(name, f"{_money(amount)} {charges.currency}") for name, amount in charged]
    if charged and set(values) == {charges.currency}:
        total = values[charges.currency] + sum(amount for _, amount in charged)
        sums.append(("Invoice total", f"{_money(total)} {charges.currency}"))
    return sums


def _money(amount: Decimal) -> str:
    """With two decimals, or more where they say something."""
    shown = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:,.{shown}f}"


def _rounded(amount: Decimal) -> Decimal:
    """A unit's part of a line's value: a third of ten dollars has no end."""
    return amount.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _kilograms(total: int) -> str:
    return f"{Decimal(total) / 1000:.3f} kg"


def _words(code: str) -> str:
    """`HUMANITARIAN_DONATION` → `Humanitarian donation`."""
    return code.replace("_", " ").capitalize()
