from __future__ import annotations

import ctypes
import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import msgspec
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from portside.kit.fonts import DRAWING, load_fonts
from portside.simulator.geography import CarrierToken
from portside.simulator.label_types import CustomsForm, CustomsLine, LabelContent, Party, weight_text
from portside.simulator.labels import draw_label
from portside.simulator.numbers import tracking_number
from portside.simulator.tariff import services

ALICE = Party(
    country="US", name="Alice Example", company="Harbour Candles", street1="965 Mission St", street2="Suite 201",
    city="San Francisco", state="CA", zip="94103", phone="+1 415 555 0100",
)  # fmt: skip
BOB = Party(country="US", name="Bob Sample", street1="1 Broadway", city="New York", state="NY", zip="10004-1234")
POLISH = Party(
    country="PL", name="Łucja Żółć-Gęślą", company="Świece sp. z o.o.", street1="ul. Źdźbła 12 m. 4", city="Łódź",
    zip="90-001", phone="+48 42 555 01 00",
)  # fmt: skip
GREEK = Party(country="GR", name="Ελένη Παπαδοπούλου", street1="Ερμού 15", city="Αθήνα", zip="105 63")
UKRAINIAN = Party(country="UA", name="Оксана Щербак", street1="вул. Хрещатик, 1", city="Київ", zip="01001")
CHINESE = Party(
    country="CN",
    name="李雷",
    company="北京样品有限公司",
    street1="朝阳区建国路1号院",
    city="北京市",
    state="北京市",
    zip="100022",
)
LONG = Party(
    country="US",
    name="Maximiliana Konstantina Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh the Third",
    company="International Consolidated Candle and Candlestick Manufacturing Company of the Greater Bay Area",
    street1="12345678 North-Northwest Supercalifragilisticexpialidocious Boulevard Extension",
    street2="W" * 90,
    street3="Leave with the concierge, please do not ring the bell",
    city="Winchester-on-the-Severn Heights",
    state="MD",
    zip="21401-9999",
)
CANDLE = CustomsLine(
    description="Soy candle, lavender", quantity=2, grams=400, value=Decimal("24"), currency="USD", origin_country="US",
    tariff_number="3406.00",
)  # fmt: skip
CUSTOMS = CustomsForm(
    contents_type="MERCHANDISE", signer="Alice Example", lines=(CANDLE,), non_delivery_option="RETURN"
)
NAMES = {service.token: service.name for carrier in ("usps", "ups") for service in services(carrier)}


def content(service: str, recipient: Party = BOB, **more: Any) -> LabelContent:
    carrier: CarrierToken = "usps" if service.startswith("usps") else "ups"
    given: dict[str, Any] = {
        "sender": ALICE, "recipient": recipient, "ship_date": dt.date(2026, 11, 20), "ounces": Decimal(20),
    }  # fmt: skip
    return LabelContent(
        carrier=carrier, service=service, service_name=NAMES[service],
        tracking_number=tracking_number(service, 123_456), **(given | more),
    )  # fmt: skip


def page_of(label: bytes) -> pypdfium2.PdfPage:
    document = pypdfium2.PdfDocument(label)
    assert len(document) == 1
    page: pypdfium2.PdfPage = document[0]
    assert page.get_size() == (288, 432)
    return page


def picture(label: bytes, dpi: int = 300) -> Image.Image:
    image: Image.Image = page_of(label).render(scale=dpi / 72).to_pil()
    return image


def text_of(label: bytes) -> str:
    text: str = page_of(label).get_textpage().get_text_range()
    return text


def barcodes(label: bytes, dpi: int = 300) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for barcode in zxingcpp.read_barcodes(picture(label, dpi)):
        found.setdefault(barcode.symbology_identifier, set()).add(barcode.text)
    return found


@pytest.mark.parametrize("service", [token for token in NAMES if "international" not in token])
def test_the_barcodes_of_domestic_labels_read_back(service: str) -> None:
    number = tracking_number(service, 123_456)
    found = barcodes(draw_label(content(service)))
    if service.startswith("usps"):
        element = f"(420)100041234({number[:2]}){number[2:]}"
        assert found == {"]C1": {element}, "]d2": {element}}
    else:
        assert found["]C0"] == {number}
        assert found["]C1"] == {"(420)100041234"}
        assert found["]d1"] == {f"{number}|US|10004-1234"}


@pytest.mark.parametrize("customs", [None, CUSTOMS])
@pytest.mark.parametrize("service", [token for token in NAMES if "international" in token] + ["ups_express_plus"])
def test_the_barcodes_of_international_labels_read_back(service: str, customs: CustomsForm | None) -> None:
    number = tracking_number(service, 123_456)
    found = barcodes(draw_label(content(service, POLISH, customs=customs)))
    assert found == {"]C0": {number}, "]d1": {f"{number}|PL|90-001"}}


def test_barcodes_read_back_from_a_label_printer_at_203_dpi() -> None:
    number = tracking_number("usps_ground_advantage", 123_456)
    assert f"(420)100041234(92){number[2:]}" in barcodes(draw_label(content("usps_ground_advantage")), 203)["]C1"]


@pytest.mark.parametrize("service", ["usps_priority_mail_international", "ups_saver"])
@pytest.mark.parametrize("recipient", [POLISH, GREEK, UKRAINIAN, CHINESE])
def test_names_in_any_script_are_printed(service: str, recipient: Party) -> None:
    text = text_of(draw_label(content(service, recipient, customs=CUSTOMS)))
    for wanted in (recipient.name, recipient.company, recipient.street1, recipient.city, recipient.zip):
        assert wanted in text
    assert "�" not in text


@pytest.mark.parametrize("recipient", [POLISH, GREEK, UKRAINIAN, CHINESE])
def test_no_letter_is_an_empty_box(recipient: Party) -> None:
    page = page_of(draw_label(content("ups_saver", recipient, customs=CUSTOMS)))
    assert boxes(page) == 0
    inks = ink_by_character(page)
    assert set(recipient.name + recipient.street1) - {" "} <= set(inks)
    assert all(inks.values()), inks


def test_an_empty_box_would_be_noticed() -> None:
    buffer = io.BytesIO()
    with DRAWING:
        canvas = Canvas(buffer, pagesize=(288, 432))
        canvas.setFont(load_fonts().runs("A")[0].font, 20)
        canvas.drawString(50, 50, "A北B")
        canvas.save()
    assert boxes(page_of(buffer.getvalue())) == 1


def test_a_character_without_any_font_is_a_question_mark() -> None:
    label = draw_label(content("ups_ground", msgspec.structs.replace(BOB, name="Bob \U0001f600 Sample")))
    assert "Bob ? Sample" in text_of(label)
    assert boxes(page_of(label)) == 0


@pytest.mark.parametrize(
    "service", ["usps_ground_advantage", "ups_ground", "usps_priority_mail_international", "ups_saver"]
)
def test_long_texts_stay_inside_the_frame_and_the_barcodes_readable(service: str) -> None:
    many = CustomsForm(contents_type="RETURN_MERCHANDISE", signer=LONG.name, lines=(CANDLE,) * 9)
    recipient = LONG if "ground" in service else msgspec.structs.replace(POLISH, name=LONG.name, company=LONG.company)
    label = draw_label(
        content(
            service, recipient, sender=LONG, customs=None if "ground" in service else many,
            references=("R" * 200, "Another very long reference " * 9), endorsements=("Adult signature required " * 5,),
        )
    )  # fmt: skip
    page = page_of(label)
    text = page.get_textpage()
    for place in range(text.count_chars()):
        left, bottom, right, top = text.get_charbox(place)
        assert left >= 8, place
        assert right <= 280, place
        assert bottom >= 8, place
        assert top <= 424, place
    assert "Maximiliana Konstantina" in text_of(label)
    assert tracking_number(service, 123_456)[2:] in str(barcodes(label))


def test_the_label_says_that_it_is_none() -> None:
    text = text_of(draw_label(content("usps_priority")))
    assert "SAMPLE" in text
    assert "NOT VALID FOR SHIPPING" in text


def test_what_the_sorter_and_the_driver_read() -> None:
    label = draw_label(
        content(
            "ups_next_day_air", zone="8", piece_number=2, piece_count=3, references=("Order 1001",),
            endorsements=("Adult signature required",),
        )
    )  # fmt: skip
    text = text_of(label)
    for wanted in (
        "UPS NEXT DAY AIR®", "1 LB 4 OZ", "2 OF 3", "ZONE 8", "20 NOV 2026", "Order 1001", "ADULT SIGNATURE REQUIRED",
        "NEW YORK NY 10004-1234", "NY 100 04", "1Z SIM 000 01 0123 456",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert "UNITED STATES" not in text


def test_an_international_label_names_the_country_the_phone_and_the_goods() -> None:
    text = text_of(draw_label(content("usps_priority_mail_international", POLISH, customs=CUSTOMS)))
    for wanted in (
        "POLAND",
        "+48 42 555 01 00",
        "CN 22",
        "Soy candle, lavender",
        "3406.00",
        "0.400",
        "24.00",
        "RETURN",
    ):
        assert wanted in text, wanted


def test_many_customs_lines_are_folded_and_the_total_is_of_all() -> None:
    text = text_of(
        draw_label(content("ups_saver", POLISH, customs=msgspec.structs.replace(CUSTOMS, lines=(CANDLE,) * 9)))
    )
    assert "6 more lines" in text
    assert "216.00" in text
    assert "3.600" in text


def test_the_same_label_drawn_twice_is_the_same_file() -> None:
    assert draw_label(content("usps_priority")) == draw_label(content("usps_priority"))


def test_threads_may_draw_at_once() -> None:
    recipients = [POLISH, GREEK, UKRAINIAN, CHINESE] * 4
    with ThreadPoolExecutor(4) as pool:
        labels = list(pool.map(lambda recipient: draw_label(content("ups_saver", recipient)), recipients))
    assert all(recipient.name in text_of(label) for recipient, label in zip(recipients, labels, strict=True))


@pytest.mark.parametrize(
    ("ounces", "text"), [("0.2", "1 oz"), ("12", "12 oz"), ("16", "1 lb"), ("16.1", "1 lb 1 oz"), ("1120", "70 lb")]
)
def test_weights_in_words(ounces: str, text: str) -> None:
    assert weight_text(Decimal(ounces)) == text


def boxes(page: pypdfium2.PdfPage) -> int:
    """How many characters are drawn with the glyph that stands for a missing one."""
    text = page.get_textpage()
    return sum(pdfium.FPDFText_GetUnicode(text.raw, place) == 0 for place in range(text.count_chars()))


def ink_by_character(page: pypdfium2.PdfPage) -> dict[str, int]:
    """For each printed character the number of segments that its glyph's outline has."""
    found: dict[str, int] = {}
    text = page.get_textpage()
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
        font = pdfium.FPDFTextObj_GetFont(item.raw)
        length = pdfium.FPDFTextObj_GetText(item.raw, text.raw, None, 0)
        buffer = (ctypes.c_ushort * (length // 2))()
        pdfium.FPDFTextObj_GetText(item.raw, text.raw, buffer, length)
        for char in bytes(buffer).decode("utf-16-le").rstrip("\0"):
            if not char.isspace():
                path = pdfium.FPDFFont_GetGlyphPath(font, ord(char), 10)
                found[char] = pdfium.FPDFGlyphPath_CountGlyphSegments(path) if path else 0
    return found
