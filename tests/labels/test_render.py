"""Every file type of a label: the right size, and still readable by a scanner."""

from __future__ import annotations

import io
import re
from typing import Any, get_args

import httpx
import pypdfium2 as pdfium
import pytest
import zxingcpp
from reportlab.pdfgen.canvas import Canvas

from portside.kit.barcodes import code128, draw_bars
from portside.labels.models import LabelFileType
from portside.labels.render import Unprintable, convert
from tests.support.labelling import LabelCarrier, bought

CONTENT = "9400100000000000000001"
SIZES = {
    "PDF": (215.9, 279.4),
    "PDF_2.3x7.5": (58.4, 190.5),
    "PDF_4x6": (101.6, 152.4),
    "PDF_4x8": (101.6, 203.2),
    "PDF_A4": (210, 297),
    "PDF_A5": (148, 210),
    "PDF_A6": (105, 148),
}


def barcode_label(pages: int = 1) -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output, (288, 432))
    for _ in range(pages):
        draw_bars(canvas, code128(CONTENT), 10, 100, 268, 80)
        canvas.showPage()
    canvas.save()
    return output.getvalue()


def read(image: Any) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(image)]


def picture(pdf: bytes, page: int = 0) -> Any:
    return pdfium.PdfDocument(pdf)[page].render(scale=4).to_pil()


def open_png(data: bytes) -> Any:
    from PIL import Image

    return Image.open(io.BytesIO(data))


def zpl_image(label: str) -> Any:
    """What a Zebra printer makes of one `^GFA` field."""
    from PIL import Image

    match = re.fullmatch(r"\^XA\^PW(\d+)\^LL(\d+)\^LH0,0\^FO0,0\^GFA,(\d+),\3,(\d+),([0-9A-F,:]+)\^FS\^XZ", label)
    assert match is not None
    width, height, total, row_bytes = (int(match[n]) for n in range(1, 5))
    rows: list[bytes] = []
    digits = ""
    for sign in match[5]:
        if sign == ":":
            rows.append(rows[-1])
            continue
        digits = digits.ljust(row_bytes * 2, "0") if sign == "," else digits + sign
        if len(digits) == row_bytes * 2:
            rows.append(bytes.fromhex(digits))
            digits = ""
    data = b"".join(rows)
    assert len(data) == total == row_bytes * height
    return Image.frombytes("1", (width, height), bytes(byte ^ 0xFF for byte in data)).convert("L")


@pytest.mark.parametrize(("wanted", "size"), list(SIZES.items()))
def test_sheets_have_their_size_and_keep_the_label_readable(wanted: LabelFileType, size: tuple[float, float]) -> None:
    made = convert(barcode_label(2), wanted)
    document = pdfium.PdfDocument(made)
    assert len(document) == 2
    for number in range(2):
        millimetres = [side * 25.4 / 72 for side in document.get_page_size(number)]
        assert millimetres == pytest.approx(size, abs=0.2)
        assert read(picture(made, number)) == [CONTENT]


def test_a_picture_is_as_wide_as_the_printers_head() -> None:
    image = open_png(convert(barcode_label(), "PNG"))
    assert image.size == (812, 1218) and read(image) == [CONTENT]
    tall = open_png(convert(barcode_label(2), "PNG"))
    assert tall.size == (812, 2436) and read(tall) == [CONTENT, CONTENT]
    narrow = open_png(convert(barcode_label(), "PNG_2.3x7.5"))
    assert narrow.size == (467, 1523)


def test_zpl_prints_what_the_pdf_shows() -> None:
    labels = convert(barcode_label(2), "ZPLII").decode("ascii").split()
    assert len(labels) == 2
    for label in labels:
        image = zpl_image(label)
        assert image.size == (812, 1218) and read(image) == [CONTENT]


def test_what_is_no_pdf_is_said_to_be_unprintable() -> None:
    for content in (b"", b"<html>", barcode_label()[:200]):
        with pytest.raises(Unprintable):
            convert(content, "PDF_A4")


@pytest.mark.parametrize("wanted", list(get_args(LabelFileType)))
async def test_every_type_may_be_asked_for(api: httpx.AsyncClient, usps: LabelCarrier, wanted: str) -> None:
    label = await bought(api, label_file_type=wanted)
    assert (label["status"], label["label_file_type"]) == ("SUCCESS", wanted)
    file = await api.get(label["label_url"])
    start, kind = {
        "PDF": (b"%PDF", "application/pdf"),
        "PNG": (b"\x89PNG", "image/png"),
        "ZPL": (b"^XA", "text/plain; charset=utf-8"),
    }[wanted[:3]]
    assert file.status_code == 200 and file.content.startswith(start)
    assert file.headers["content-type"] == kind


async def test_a_label_is_not_lost_to_a_format(api: httpx.AsyncClient, usps: LabelCarrier) -> None:
    usps.content = b"%PDF-1.4 only its printer can read this"
    label = await bought(api, label_file_type="ZPLII")
    assert (label["status"], label["label_file_type"]) == ("SUCCESS", "PDF_4x6")
    assert (await api.get(label["label_url"])).content == usps.content
