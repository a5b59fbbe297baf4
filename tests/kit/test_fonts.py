from __future__ import annotations

import io
from pathlib import Path

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from portside.kit.bidi import visual
from portside.kit.fonts import DRAWING, FontsMissing, clean, load_fonts


def fonts_of(text: str) -> list[str]:
    return [run.font.split("-")[0] for run in load_fonts().runs(text)]


def test_each_script_gets_the_font_that_has_it() -> None:
    assert fonts_of("Zażółć Ωμέγα Щука") == ["NotoSans"]
    assert fonts_of("北京") == ["NotoSansSC"]
    assert fonts_of("Suite 5 北京 B") == ["NotoSans", "NotoSansSC", "NotoSans"]
    assert fonts_of("서울") == ["NotoSansKR"]


def test_no_character_is_dropped_and_the_unknown_become_question_marks() -> None:
    fonts = load_fonts()
    text = "Anna \U0001f600 Kowalska"
    assert "".join(run.text for run in fonts.runs(text)) == "Anna ? Kowalska"
    assert fonts.unprintable(text) == "\U0001f600"
    assert fonts.unprintable("Łódź Αθήνα Київ 北京") == ""


def test_decomposed_letters_are_composed_and_control_characters_are_spaces() -> None:
    assert clean("Lo\u0301dz\u0301\tA\nB\u200b") == "Lódź A B"


def test_wrapped_lines_fit_and_lose_nothing() -> None:
    fonts = load_fonts()
    text = "The Wolfeschlegelsteinhausenbergerdorff Company 北京市朝阳区建国路一号院大厦 and sons"
    for width in (30, 47, 80, 500):
        lines = fonts.wrap(text, 9, width)
        assert all(fonts.width(line, 9) <= width for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert fonts.wrap(text, 9, 5000) == [text]
    assert fonts.wrap("", 9, 50) == [""]


def test_a_column_narrower_than_a_letter_still_ends() -> None:
    assert load_fonts().wrap("WWW", 20, 1) == ["W", "W", "W"]


def test_cut_and_shrink_fit() -> None:
    fonts = load_fonts()
    text = "Maximiliana Featherstonehaugh"
    size = fonts.shrink(text, 12, 100, 4)
    assert fonts.cut(text, size, 100) == text
    assert fonts.shrink(text, 12, 20, 4) == 4
    shortened = fonts.cut(text, 12, 60)
    assert shortened.endswith("…")
    assert fonts.width(shortened, 12) <= 60


def test_measured_width_is_drawn_width() -> None:
    fonts = load_fonts()
    buffer = io.BytesIO()
    with DRAWING:
        canvas = Canvas(buffer, pagesize=(400, 50))
        drawn = fonts.draw(canvas, 10, 20, "Grüße 北京 Ω", 14, bold=True)
        canvas.save()
    assert drawn == pytest.approx(fonts.width("Grüße 北京 Ω", 14, bold=True))
    page = pypdfium2.PdfDocument(buffer.getvalue())[0].get_textpage()
    assert page.get_text_range().strip() == "Grüße 北京 Ω"
    right = max(page.get_charbox(place)[2] for place in range(page.count_chars()))
    assert right == pytest.approx(10 + drawn, abs=1.5)


def test_without_the_fonts_latin_is_printed_and_the_rest_names_the_command(tmp_path: Path) -> None:
    fonts = load_fonts(tmp_path)
    assert [run.font for run in fonts.runs("Müller & Søn £5", bold=True)] == ["Helvetica-Bold"]
    with pytest.raises(FontsMissing, match="make setup"):
        fonts.runs("Łódź")


def test_a_lost_font_file_names_the_command(tmp_path: Path) -> None:
    (tmp_path / "fonts.json").write_text('[{"family": "Gone", "regular": "Gone-Regular.ttf"}]')
    with pytest.raises(FontsMissing, match=r"Gone-Regular\.ttf.*make setup"):
        load_fonts(tmp_path).runs("A")


# Expected orders by the rules of UAX #9; drawn orders read from left to right.
@pytest.mark.parametrize(
    ("logical", "drawn"),
    [
        ("Plain 12 Łódź", "Plain 12 Łódź"),
        ("שלום", "םולש"),
        ("רחוב הרצל 15", "15 לצרה בוחר"),
        ("רחוב 15 Apt 3", "Apt 3 15 בוחר"),
        ("Flat שלום 12", "Flat 12 םולש"),
        ("א (ב) 12-34", "12-34 (ב) א"),
    ],
)
def test_right_to_left_text_is_drawn_in_reading_order(logical: str, drawn: str) -> None:
    assert visual(logical) == drawn


def test_arabic_letters_join() -> None:
    # MEEM HAH MEEM DAL: initial, medial, medial, final; drawn from the right.
    assert visual("محمد") == "\ufeaa\ufee4\ufea4\ufee3"
    # LAM ALEF is one glyph, and ALEF does not join to what follows.
    assert visual("سلام") == "\ufee1\ufefc\ufeb3"
    assert load_fonts().unprintable(visual("شارع الشيخ زايد کتاب گل")) == ""
