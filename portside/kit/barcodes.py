"""Barcodes as vectors in a PDF, and QR codes for screens: zxing-cpp computes the modules, reportlab draws them as one
filled path.

Module widths are whole dots of a 203 dpi label printer, so that no bar is blurred when a thermal printer rasterises it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import zxingcpp
from PIL import Image
from reportlab.pdfgen.pathobject import PDFPathObject

POINTS_PER_DOT = 72 / 203
QUIET_MODULES = 10
_PIXELS_PER_MODULE = 8


class BarcodeError(ValueError):
    """The content cannot be encoded, or does not fit the width it was given."""


def code128(content: str) -> list[bool]:
    """The modules of a Code 128 symbol, true where the bar is black, without quiet zones."""
    return _rows(_encode(content, zxingcpp.BarcodeFormat.Code128))[0]


def gs1_128(content: str) -> list[bool]:
    """The modules of a GS1-128 symbol from application identifiers in parentheses: `(420)94103(92)0558…`."""
    barcode = _encode(content, zxingcpp.BarcodeFormat.Code128, gs1=True)
    if barcode.symbology_identifier != "]C1":
        raise BarcodeError(f"{content!r} was not encoded as GS1-128.")
    return _rows(barcode)[0]


def data_matrix(content: str, *, gs1: bool = False) -> list[list[bool]]:
    """The rows of a square Data Matrix symbol, with application identifiers in parentheses when `gs1`."""
    wishes = {"gs1": True} if gs1 else {}
    # Left alone the encoder picks a rectangle for short contents.
    return _rows(_encode(content, zxingcpp.BarcodeFormat.DataMatrix, forceSquare=True, **wishes))


def qr_code_png(content: str) -> bytes:
    """A QR code as a PNG for a phone's screen, quiet zone included. Raises BarcodeError."""
    barcode = _encode(content, zxingcpp.BarcodeFormat.QRCode)
    pixels = memoryview(barcode.to_image(scale=_PIXELS_PER_MODULE, add_hrt=False, add_quiet_zones=True))
    height, width = pixels.shape or (0, 0)
    output = io.BytesIO()
    Image.frombytes("L", (width, height), bytes(pixels)).convert("1").save(output, "PNG")
    return output.getvalue()


def draw_bars(canvas: Any, modules: list[bool], x: float, y: float, width: float, height: float) -> None:
    """Draw a linear symbol centred in the box (x, y is its lower left corner, all in points), quiet zones included.

    Raises BarcodeError when not even one printer dot per module fits.
    """
    module = _module_width(width, len(modules) + 2 * QUIET_MODULES)
    start = x + (width - module * len(modules)) / 2
    _fill(canvas, [(start + first * module, y, count * module, height) for first, count in _black_spans(modules)])


def draw_matrix(canvas: Any, rows: list[list[bool]], x: float, y: float, side: float) -> None:
    """Draw a square symbol centred in a square box of `side` points, one module of quiet zone included."""
    module = _module_width(side, len(rows) + 2)
    margin = (side - module * len(rows)) / 2
    bottom = y + margin + (len(rows) - 1) * module
    spans = [(number, span) for number, row in enumerate(rows) for span in _black_spans(row)]
    _fill(
        canvas,
        [
            (x + margin + first * module, bottom - number * module, count * module, module)
            for number, (first, count) in spans
        ],
    )


def _encode(content: str, symbology: Any, **wishes: bool) -> Any:
    try:
        return zxingcpp.create_barcode(content, symbology, **wishes)
    except ValueError as error:
        raise BarcodeError(f"{content!r} cannot be encoded: {error}") from error


def _rows(barcode: Any) -> list[list[bool]]:
    pixels = memoryview(barcode.to_image(scale=1, add_hrt=False, add_quiet_zones=False))
    height, width = pixels.shape or (0, 0)
    flat = bytes(pixels)
    return [[value == 0 for value in flat[row * width : (row + 1) * width]] for row in range(height)]


def _module_width(available: float, modules: int) -> float:
    dots = int(available / POINTS_PER_DOT / modules)
    if dots < 1:
        raise BarcodeError(f"{modules} modules do not fit into {available:.0f} points.")
    return dots * POINTS_PER_DOT


def _black_spans(modules: list[bool]) -> Iterator[tuple[int, int]]:
    """(first, count) of each unbroken stretch of black."""
    first = None
    for place, black in enumerate([*modules, False]):
        if black and first is None:
            first = place
        elif not black and first is not None:
            yield first, place - first
            first = None


def _fill(canvas: Any, boxes: list[tuple[float, float, float, float]]) -> None:
    """Fill boxes (x, y, width, height) black, as one path."""
    # Written out here: reportlab's own formatting of hundreds of numbers takes longer than the rest of a label.
    code = ["n", *(f"{x:.3f} {y:.3f} {width:.3f} {height:.3f} re" for x, y, width, height in boxes)]
    canvas.setFillGray(0)
    canvas.drawPath(PDFPathObject(code=code), stroke=0, fill=1)
