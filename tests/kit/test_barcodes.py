from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from reportlab.pdfgen.canvas import Canvas

from portside.kit.barcodes import BarcodeError, code128, data_matrix, draw_bars, draw_matrix, gs1_128


def read_back(draw: Callable[[Any], None]) -> Any:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(288, 100))
    draw(canvas)
    canvas.save()
    (found,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(buffer.getvalue())[0].render(scale=300 / 72).to_pil())
    return found


def test_code_128() -> None:
    found = read_back(lambda canvas: draw_bars(canvas, code128("1ZSIM0000312345674"), 8, 10, 272, 60))
    assert (found.symbology_identifier, found.text) == ("]C0", "1ZSIM0000312345674")


def test_gs1_128_keeps_its_separators() -> None:
    content = "(420)94103(92)05580000000001234568"
    found = read_back(lambda canvas: draw_bars(canvas, gs1_128(content), 8, 10, 272, 60))
    assert (found.symbology_identifier, found.text) == ("]C1", content)
    assert found.bytes == b"42094103\x1d9205580000000001234568"


@pytest.mark.parametrize(("content", "gs1", "mark"), [("CA|1", False, "]d1"), ("(420)94103(92)0558", True, "]d2")])
def test_data_matrix_is_square(content: str, gs1: bool, mark: str) -> None:
    rows = data_matrix(content, gs1=gs1)
    assert all(len(row) == len(rows) for row in rows)
    found = read_back(lambda canvas: draw_matrix(canvas, rows, 20, 10, 60))
    assert (found.symbology_identifier, found.text) == (mark, content)


def test_what_does_not_fit_or_cannot_be_encoded_is_an_error() -> None:
    canvas = Canvas(io.BytesIO())
    with pytest.raises(BarcodeError, match="do not fit"):
        draw_bars(canvas, code128("1ZSIM0000312345674"), 0, 0, 40, 20)
    with pytest.raises(BarcodeError, match="cannot be encoded"):
        code128("Łódź")
    with pytest.raises(BarcodeError):
        gs1_128("94103")
