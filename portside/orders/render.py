"""The packing slip of an order: US Letter, one page for each of its labels, in any script."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from portside.addresses.rules import address_lines
from portside.kit.fonts import DRAWING, Fonts, load_fonts
from portside.orders.models import LabelSummary, LineItem, Order

_WIDTH, _HEIGHT = letter
_MARGIN = 48.0
_BOTTOM = 60.0
_SIZE = 10.0
_LEADING = 14.0
# Where the columns begin: quantity, goods, SKU, and the right edge of the total.
_QUANTITY, _GOODS, _SKU, _TOTAL = _MARGIN, _MARGIN + 40, _MARGIN + 330, _WIDTH - _MARGIN


def packing_slip(order: Order, company: str, labels: Sequence[LabelSummary]) -> bytes:
    """The PDF; without a label it has one page. Text too long for its place is cut, never the goods' list."""
    fonts = load_fonts()
    buffer = io.BytesIO()
    with DRAWING:
        canvas = Canvas(buffer, pagesize=letter, pageCompression=1, invariant=1)
        canvas.setTitle(f"Packing slip {order.order_number or order.id}")
        for label in labels or (None,):
            _Page(canvas, fonts).draw(order, company, label)
        canvas.save()
    return buffer.getvalue()


class _Page:
    """One slip, which goes on on further sheets if its goods need them."""

    def __init__(self, canvas: Any, fonts: Fonts) -> None:
        self._canvas = canvas
        self._fonts = fonts
        self._y = _HEIGHT - _MARGIN

    def draw(self, order: Order, company: str, label: LabelSummary | None) -> None:
        self._text(_MARGIN, company, 16, bold=True, width=300)
        self._right("Packing slip", 16)
        self._down(26)
        for line in (f"Order {order.order_number or order.id}", f"Placed {order.placed_at:%Y-%m-%d}"):
            self._text(_MARGIN, line, _SIZE)
            self._down()
        if label is not None and label.tracking_number:
            self._text(_MARGIN, f"{label.carrier.upper()} {label.tracking_number}", _SIZE)
            self._down()
        self._down()
        self._text(_MARGIN, "Ship to", _SIZE, bold=True)
        self._down()
        to = order.details.to_address
        for line in filter(None, (to.name, to.company, *address_lines(to))):
            self._text(_MARGIN, line, _SIZE)
            self._down()
        self._down()
        self._heads()
        for item in order.details.line_items:
            self._item(item)
        self._notes(order.details.notes or "")
        self._canvas.showPage()

    def _heads(self) -> None:
        for x, word in ((_QUANTITY, "Qty"), (_GOODS, "Item"), (_SKU, "SKU")):
            self._text(x, word, 9, bold=True)
        self._down(6)
        self._canvas.setLineWidth(0.5)
        self._canvas.line(_MARGIN, self._y, _WIDTH - _MARGIN, self._y)
        self._down()

    def _item(self, item: LineItem) -> None:
        name = " – ".join(filter(None, (item.title, item.variant_title))) or "Item"
        lines = self._fonts.wrap(name, _SIZE, _SKU - _GOODS - 12)
        self._room(len(lines))
        self._text(_QUANTITY, str(item.quantity if item.quantity is not None else 1), _SIZE, bold=True)
        self._text(_SKU, item.sku or "", _SIZE, width=_WIDTH - _MARGIN - _SKU)
        for line in lines:
            self._text(_GOODS, line, _SIZE)
            self._down()
        self._down(4)

    def _notes(self, notes: str) -> None:
        for paragraph in notes.splitlines()[:40]:
            for line in self._fonts.wrap(paragraph, _SIZE, _WIDTH - 2 * _MARGIN):
                self._room(1)
                self._text(_MARGIN, line, _SIZE)
                self._down()

    def _room(self, lines: int) -> None:
        if self._y - lines * _LEADING < _BOTTOM:
            self._canvas.showPage()
            self._y = _HEIGHT - _MARGIN
            self._heads()

    def _text(self, x: float, text: str, size: float, *, bold: bool = False, width: float = 280) -> None:
        self._fonts.draw(self._canvas, x, self._y, self._fonts.cut(text, size, width, bold=bold), size, bold=bold)

    def _right(self, text: str, size: float) -> None:
        self._fonts.draw(self._canvas, _TOTAL - self._fonts.width(text, size), self._y, text, size)

    def _down(self, by: float = _LEADING) -> None:
        self._y -= by
