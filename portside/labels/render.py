"""From the carrier's PDF to the file the merchant's printer takes.

Carriers are asked for a 4x6 inch PDF and nothing else: what they really send for the other formats is anybody's guess.
Pages are placed as vectors; only PNG and ZPL are rasterised, at the 203 dpi of label printers.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from typing import Any

import pypdfium2 as pdfium
from PIL import Image

from portside.labels.models import LabelFileType

_INCH = 72.0
_MILLIMETRE = 72 / 25.4
DOTS_PER_INCH = 203

# (width, height) of the sheet in points; None keeps the carrier's own.
_SHEETS: dict[LabelFileType, tuple[float, float] | None] = {
    "PDF": (8.5 * _INCH, 11 * _INCH),
    "PDF_2.3x7.5": (2.3 * _INCH, 7.5 * _INCH),
    "PDF_4x6": None,
    "PDF_4x8": (4 * _INCH, 8 * _INCH),
    "PDF_A4": (210 * _MILLIMETRE, 297 * _MILLIMETRE),
    "PDF_A5": (148 * _MILLIMETRE, 210 * _MILLIMETRE),
    "PDF_A6": (105 * _MILLIMETRE, 148 * _MILLIMETRE),
    "PNG": None,
    "PNG_2.3x7.5": (2.3 * _INCH, 7.5 * _INCH),
    "ZPLII": None,
}
_PNG = b"\x89PNG"
# Darker than this prints black.
_BLACK_BELOW = 128

# PDFium is not safe to be used by two threads at once.
_one_at_a_time = threading.Lock()


class Unprintable(Exception):
    """The carrier's file is no PDF that can be read."""


def convert(content: bytes, wanted: LabelFileType) -> bytes:
    """The carrier's PDF as the wanted file. CPU-bound: call it in a thread. Raises Unprintable."""
    if wanted == "PDF_4x6":
        return content
    with _one_at_a_time:
        try:
            return _converted(content, wanted)
        except (pdfium.PdfiumError, ValueError) as error:
            raise Unprintable(str(error)) from error


def merge_pdfs(contents: Sequence[bytes]) -> bytes:
    """PDFs, and PNGs as pages of their own size, one after the other as one PDF. CPU-bound: call it in a thread.

    Raises Unprintable.
    """
    with _one_at_a_time:
        merged = pdfium.PdfDocument.new()
        try:
            for content in contents:
                source = pdfium.PdfDocument(_page_of_picture(content) if content.startswith(_PNG) else content)
                merged.import_pages(source)
                source.close()
            return _saved(merged)
        except (pdfium.PdfiumError, ValueError, OSError) as error:
            raise Unprintable(str(error)) from error
        finally:
            merged.close()


def _page_of_picture(content: bytes) -> bytes:
    output = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        picture.save(output, "PDF", resolution=DOTS_PER_INCH)
    return output.getvalue()


def _converted(content: bytes, wanted: LabelFileType) -> bytes:
    source = pdfium.PdfDocument(content)
    try:
        made = _on_sheets(source, _SHEETS[wanted])
        try:
            if wanted == "ZPLII":
                return b"".join(_zpl(page) for page in made)
            return _png(made) if wanted.startswith("PNG") else _saved(made)
        finally:
            made.close()
    finally:
        source.close()


def _on_sheets(source: Any, sheet: tuple[float, float] | None) -> Any:
    """Each page on a sheet of that size: at its own size if it fits, otherwise shrunk; at the top, centred."""
    made = pdfium.PdfDocument.new()
    for number in range(len(source)):
        width, height = source.get_page_size(number)
        sheet_width, sheet_height = sheet or (width, height)
        page = made.new_page(sheet_width, sheet_height)
        scale = min(1.0, sheet_width / width, sheet_height / height)
        _place(source, number, page, (sheet_width - width * scale) / 2, sheet_height - height * scale, scale)
        page.gen_content()
    return made


def _place(source: Any, number: int, page: Any, left: float, bottom: float, scale: float) -> None:
    placed = source.page_as_xobject(number, page.pdf).as_pageobject()
    placed.set_matrix(pdfium.PdfMatrix().scale(scale, scale).translate(left, bottom))
    page.insert_obj(placed)


def _saved(document: Any) -> bytes:
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def _image(page: Any) -> Any:
    """The page in greys, at the resolution of label printers."""
    return page.render(scale=DOTS_PER_INCH / _INCH, grayscale=True).to_pil().convert("L")


def _png(document: Any) -> bytes:
    """One picture; a PNG has no pages, so that several stand below each other on one sheet."""
    sizes = [document.get_page_size(number) for number in range(len(document))]
    tall = pdfium.PdfDocument.new()
    page = tall.new_page(max(width for width, _ in sizes), sum(height for _, height in sizes))
    top = page.get_height()
    for number, (_, height) in enumerate(sizes):
        top -= height
        _place(document, number, page, 0, top, 1)
    page.gen_content()
    output = io.BytesIO()
    _image(page).save(output, "PNG", dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    tall.close()
    return output.getvalue()


def _zpl(page: Any) -> bytes:
    """One ZPL II label whose whole face is a graphic field (Zebra ZPL II Programming Guide, `^GF`, ASCII hexadecimal
    with its abbreviations: `,` fills a row with white, `:` repeats the row above)."""
    image = _image(page).point([255 if grey < _BLACK_BELOW else 0 for grey in range(256)], "1")
    width, height = image.size
    row_bytes = (width + 7) // 8
    dots = image.tobytes()
    rows, above = [], b""
    for start in range(0, len(dots), row_bytes):
        row = dots[start : start + row_bytes]
        rows.append(":" if row == above else _zpl_row(row))
        above = row
    total = row_bytes * height
    field = f"^XA^PW{width}^LL{height}^LH0,0^FO0,0^GFA,{total},{total},{row_bytes},{''.join(rows)}^FS^XZ\n"
    return field.encode("ascii")


def _zpl_row(row: bytes) -> str:
    digits = row.hex().upper()
    black = digits.rstrip("0")
    return digits if len(black) == len(digits) else black + ","
