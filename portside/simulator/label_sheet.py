"""A 4x6 inch sheet and the few marks a label is made of. All lengths are points, y grows upwards."""

from __future__ import annotations

import io
from typing import Any, Literal

from reportlab.pdfgen.canvas import Canvas

from portside.kit.fonts import Fonts

WIDTH, HEIGHT = 288.0, 432.0
MARGIN = 8.0
LEADING = 1.18

Align = Literal["left", "center", "right"]


class Sheet:
    """One page being drawn. Text given to it never leaves its box: it shrinks, then wraps, then is cut."""

    def __init__(self, fonts: Fonts, title: str) -> None:
        self._buffer = io.BytesIO()
        self._fonts = fonts
        # invariant: the same label drawn twice is the same file, byte for byte.
        self.canvas: Any = Canvas(self._buffer, pagesize=(WIDTH, HEIGHT), pageCompression=1, invariant=1)
        self.canvas.setTitle(title)

    def finish(self) -> bytes:
        self.canvas.showPage()
        self.canvas.save()
        return self._buffer.getvalue()

    def text(
        self, x: float, y: float, text: str, size: float, *, width: float, bold: bool = False, align: Align = "left"
    ) -> None:
        """One line in the column that starts at x: smaller if it must be, down to 60 %, then cut."""
        smallest = size * 0.6
        size = self._fonts.shrink(text, size, width, smallest, bold=bold)
        text = self._fonts.cut(text, size, width, bold=bold)
        if align != "left":
            slack = width - self._fonts.width(text, size, bold=bold)
            x += slack if align == "right" else slack / 2
        self._fonts.draw(self.canvas, x, y, text, size, bold=bold)

    def block(
        self, x: float, top: float, lines: list[tuple[str, bool]], size: float, *, width: float, height: float
    ) -> None:
        """Lines (text, bold) from `top` down in a box, at the largest size up to `size` at which all of them fit."""
        lines = [(text, bold) for text, bold in lines if text.strip()]
        smallest = min(size, 4.5)
        wrapped = self._wrap(lines, size, width)
        while len(wrapped) * size * LEADING > height and size > smallest:
            size = max(smallest, size - 0.5)
            wrapped = self._wrap(lines, size, width)
        fitting = wrapped[: max(1, int(height / (size * LEADING)))]
        for number, (text, bold) in enumerate(fitting):
            if number == len(fitting) - 1 and len(fitting) < len(wrapped):
                text = self._fonts.cut(text + " …", size, width, bold=bold)
            self._fonts.draw(self.canvas, x, top - size - number * size * LEADING, text, size, bold=bold)

    def _wrap(self, lines: list[tuple[str, bool]], size: float, width: float) -> list[tuple[str, bool]]:
        return [(part, bold) for text, bold in lines for part in self._fonts.wrap(text, size, width, bold=bold)]

    def rule(self, y: float, weight: float = 1) -> None:
        """A line across the sheet."""
        self.canvas.setLineWidth(weight)
        self.canvas.line(MARGIN, y, WIDTH - MARGIN, y)

    def upright(self, x: float, bottom: float, top: float) -> None:
        self.canvas.setLineWidth(1)
        self.canvas.line(x, bottom, x, top)

    def box(self, x: float, y: float, width: float, height: float, weight: float = 1) -> None:
        self.canvas.setLineWidth(weight)
        self.canvas.rect(x, y, width, height)

    def mark(self, x: float, y: float, side_x: float, side_y: float, text: str) -> None:
        """A black box with a white word in it."""
        self.canvas.setFillGray(0)
        self.canvas.rect(x, y, side_x, side_y, stroke=0, fill=1)
        self.canvas.setFillGray(1)
        size = min(side_y * 0.8, 44)
        self.text(x + 2, y + (side_y - size * 0.72) / 2, text, size, width=side_x - 4, bold=True, align="center")
        self.canvas.setFillGray(0)

    def watermark(self, text: str, middle: float) -> None:
        """Large and light across the sheet about the height `middle`. Draw it first, everything else on top of it."""
        self.canvas.saveState()
        self.canvas.setFillGray(0.88)
        self.canvas.translate(WIDTH / 2, middle)
        self.canvas.rotate(20)
        size = 58.0
        width = self._fonts.width(text, size, bold=True)
        self._fonts.draw(self.canvas, -width / 2, -size * 0.36, text, size, bold=True)
        self.canvas.restoreState()
        self.canvas.setFillGray(0)

    def blank(self, x: float, y: float, width: float, height: float) -> None:
        """A white ground, so that a scanner sees no watermark between the bars."""
        self.canvas.setFillGray(1)
        self.canvas.rect(x, y, width, height, stroke=0, fill=1)
        self.canvas.setFillGray(0)
