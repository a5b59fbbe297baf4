"""Draws the simulated carriers' form of a day: one barcode for the driver to scan, and the list of what it stands for.

Letter paper, because it is printed on office printers; SAMPLE across it, because nobody will come.
"""

from __future__ import annotations

import io
from typing import Any

from reportlab.pdfgen.canvas import Canvas

from portside.kit.barcodes import draw_bars, gs1_128
from portside.kit.fonts import DRAWING, Fonts, load_fonts
from portside.simulator.label_types import address_text
from portside.simulator.ledgers import Form

WIDTH, HEIGHT = 612.0, 792.0
MARGIN = 48.0

_INNER = WIDTH - 2 * MARGIN
_COLUMNS = 3
_NUMBER_SIZE = 8.5
_ROW = 12.0
_MOST_SERVICES = 8


def draw_form(form: Form) -> bytes:
    """The form as a PDF of some pages. CPU-bound for some milliseconds: call it in a thread.

    Raises portside.kit.fonts.FontsMissing, portside.kit.barcodes.BarcodeError.
    """
    with DRAWING:
        buffer = io.BytesIO()
        # invariant: the same form drawn twice is the same file, byte for byte.
        canvas: Any = Canvas(buffer, pagesize=(WIDTH, HEIGHT), pageCompression=1, invariant=1)
        canvas.setTitle(f"SAMPLE {form.number}")
        fonts = load_fonts()
        bottom = _face(canvas, fonts, form)
        _list(canvas, fonts, form, bottom)
        canvas.save()
        return buffer.getvalue()


def _face(canvas: Any, fonts: Fonts, form: Form) -> float:
    """The upper half of the first page; gives where it ends."""
    _watermark(canvas, fonts, HEIGHT * 0.33)
    top = HEIGHT - MARGIN
    fonts.draw(canvas, MARGIN, top - 20, "Shipment confirmation", 20, bold=True)
    fonts.draw(canvas, MARGIN, top - 36, f"{form.carrier.upper()} acceptance form, not valid for shipping", 10)
    fonts.draw(canvas, MARGIN, top - 66, "Shipped from", 8)
    address = address_text(form.sender)
    lines = [*address.head, *address.locality]
    for row, line in enumerate(lines):
        fonts.draw(canvas, MARGIN, top - 80 - row * 13, fonts.cut(line, 10.5, _INNER / 2 - 10), 10.5)
    facts = (
        ("Ship date", form.ship_date.isoformat()),
        ("Parcels", str(len(form.numbers))),
        ("Account", form.account_number),
    )
    for row, (name, value) in enumerate(facts):
        fonts.draw(canvas, WIDTH / 2 + 10, top - 66 - row * 32, name, 8)
        fonts.draw(canvas, WIDTH / 2 + 10, top - 80 - row * 32, fonts.cut(value, 12, _INNER / 2 - 10), 12, bold=True)
    y = _bars(canvas, fonts, form, top - 100 - max(len(lines), 6) * 13)
    return _services(canvas, fonts, form, y)


def _bars(canvas: Any, fonts: Fonts, form: Form, y: float) -> float:
    height = 66.0
    # A white ground, so that a scanner sees no watermark between the bars.
    canvas.setFillGray(1)
    canvas.rect(MARGIN, y - height - 18, _INNER, height + 18, stroke=0, fill=1)
    canvas.setFillGray(0)
    draw_bars(canvas, gs1_128(f"({form.number[:2]}){form.number[2:]}"), MARGIN, y - height, _INNER, height)
    shown = " ".join(form.number[start : start + 4] for start in range(0, len(form.number), 4))
    width = fonts.width(shown, 11, bold=True)
    fonts.draw(canvas, (WIDTH - width) / 2, y - height - 14, shown, 11, bold=True)
    return y - height - 36


def _services(canvas: Any, fonts: Fonts, form: Form, y: float) -> float:
    shown, rest = form.services[:_MOST_SERVICES], form.services[_MOST_SERVICES:]
    rows = [*shown, *([("Other services", sum(count for _, count in rest))] if rest else [])]
    for name, count in [*rows, ("Total", len(form.numbers))]:
        bold = name == "Total"
        fonts.draw(canvas, MARGIN, y, fonts.cut(name, 10, _INNER - 80), 10, bold=bold)
        fonts.draw(canvas, WIDTH - MARGIN - fonts.width(str(count), 10, bold=bold), y, str(count), 10, bold=bold)
        y -= 15
    return y - 4


def _list(canvas: Any, fonts: Fonts, form: Form, y: float) -> None:
    """All numbers in columns, on as many further pages as they take."""
    left = list(form.numbers)
    page = 1
    while True:
        rows = max(1, int((y - MARGIN - 16) / _ROW))
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, y, WIDTH - MARGIN, y)
        here, left = left[: rows * _COLUMNS], left[rows * _COLUMNS :]
        for place, number in enumerate(here):
            column, row = divmod(place, rows)
            x = MARGIN + column * _INNER / _COLUMNS
            fonts.draw(canvas, x, y - (row + 1) * _ROW - 2, number, _NUMBER_SIZE)
        fonts.draw(canvas, MARGIN, MARGIN - 16, f"{form.number}   page {page}", 7.5)
        canvas.showPage()
        if not left:
            return
        page += 1
        _watermark(canvas, fonts, HEIGHT / 2)
        y = HEIGHT - MARGIN


def _watermark(canvas: Any, fonts: Fonts, middle: float) -> None:
    """Large and light about the height `middle`; drawn first, everything else on top of it."""
    canvas.saveState()
    canvas.setFillGray(0.9)
    canvas.translate(WIDTH / 2, middle)
    canvas.rotate(35)
    size = 120.0
    fonts.draw(canvas, -fonts.width("SAMPLE", size, bold=True) / 2, -size * 0.36, "SAMPLE", size, bold=True)
    canvas.restoreState()
    canvas.setFillGray(0)
