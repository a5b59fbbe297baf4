"""Text in PDFs in any script: picks a font for every run of characters, measures, wraps and draws it.

The TrueType files, and `fonts.json` which lists their families in the order to try them, are written by `make setup`. A
file is read when its first character is needed: who prints Latin addresses never loads the ten megabytes of Chinese.
"""

from __future__ import annotations

import threading
import unicodedata
import zlib
from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from portside.kit.bidi import visual

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "fonts"

# What a character that no font has is printed as: legible, and never an empty box.
SUBSTITUTE = "?"

# Points by which a text may be wider than its box: the rounding of a text that was shrunk to fit exactly.
_TOLERANCE = 0.01

# reportlab keeps reading positions inside its font objects, so only one PDF at a time may be drawn and saved with them.
DRAWING = threading.RLock()


class FontsMissing(RuntimeError):
    """The text needs a font file that is not there; the message says what to run."""


class FontFamily(msgspec.Struct, frozen=True):
    """An entry of `fonts.json`: file names beside it, and the scripts the family is there for."""

    family: str
    regular: str
    bold: str = ""
    scripts: list[str] = []


class Run(msgspec.Struct, frozen=True):
    """A piece of text in one font; `font` is the name that reportlab's `setFont` takes."""

    font: str
    text: str
    width: float


class _Face:
    """One font and what is asked of it per character: has it the glyph, how wide is it (thousandths of the size)."""

    def __init__(self, name: str, widths: Mapping[int, float], default_width: float) -> None:
        self.name = name
        self._widths = widths
        self._default_width = default_width

    def has(self, char: str) -> bool:
        return ord(char) in self._widths

    def width(self, text: str) -> float:
        return sum(self._widths.get(ord(char), self._default_width) for char in text) / 1000


class Fonts:
    """The fonts of one folder, loaded as text asks for them. Made by `load_fonts`; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._families = _read_families(folder)
        self._faces: dict[tuple[int, bool], _Face] = {}
        self._chosen: dict[tuple[str, bool], _Face | None] = {}
        # Fitting asks for the same words at one size after another.
        self._unit_runs = lru_cache(maxsize=4096)(self._find_runs)
        self._unit_words = lru_cache(maxsize=1024)(self._find_words)

    def runs(self, text: str, *, bold: bool = False, size: float = 1) -> list[Run]:
        """Cut one line of text into runs of one font each, with their widths in points. Raises FontsMissing."""
        return [Run(run.font, run.text, run.width * size) for run in self._unit_runs(text, bold)]

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """The width of one line in points."""
        return sum(run.width for run in self._unit_runs(text, bold)) * size

    def unprintable(self, text: str) -> str:
        """The characters of `text` that no font has, once each, in order; they are printed as `?`."""
        return "".join(dict.fromkeys(char for char in clean(text) if self._face_of(char, False) is None))

    def draw(self, canvas: Any, x: float, y: float, text: str, size: float, *, bold: bool = False) -> float:
        """Draw one line, its baseline starting at (x, y) in points; gives its width. Hold DRAWING around the PDF."""
        start = x
        for run in self.runs(text, bold=bold, size=size):
            canvas.setFont(run.font, size)
            canvas.drawString(x, y, run.text)
            x += run.width
        return x - start

    def shrink(self, text: str, size: float, width: float, smallest: float, *, bold: bool = False) -> float:
        """The largest size from `smallest` to `size` at which one line of text is no wider than `width` points."""
        natural = self.width(text, size, bold=bold)
        return size if natural <= width else max(smallest, size * width / natural)

    def wrap(self, text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
        """Break text into lines of at most `width` points: at spaces, between ideographs, inside a word that must."""
        lines: list[str] = []
        line, used = "", 0.0
        for word, ink, advance in self._unit_words(text, bold):
            if used + ink * size > width and line:
                lines.append(line)
                line, used = "", 0.0
            if ink * size > width:
                *whole, word = self._chop(word, size, width, bold)
                lines.extend(whole)
                advance = self.width(word, 1, bold=bold)
            line += word
            used += advance * size
        return [full.strip() for full in [*lines, line] if full.strip()] or [""]

    def cut(self, text: str, size: float, width: float, *, bold: bool = False) -> str:
        """One line no wider than `width`: the text, or its beginning with an ellipsis."""
        text = clean(text)
        if self.width(text, size, bold=bold) <= width + _TOLERANCE:
            return text
        left = width - self.width("…", size, bold=bold)
        kept = 0
        for char in text:
            left -= self.width(char, size, bold=bold)
            if left < 0:
                break
            kept += 1
        return text[:kept].rstrip() + "…"

    def _chop(self, word: str, size: float, width: float, bold: bool) -> list[str]:
        """A word in pieces that fit; at least one character each, however narrow the column."""
        pieces, used = [""], 0.0
        for char in word:
            advance = self.width(char, size, bold=bold)
            if pieces[-1] and used + advance > width and char != " ":
                pieces.append("")
                used = 0.0
            pieces[-1] += char
            used += advance
        return pieces

    def _find_runs(self, text: str, bold: bool) -> tuple[Run, ...]:
        """The runs of a line at size 1, in the order they are drawn in."""
        faced = [(self._face_of(char, bold), char) for char in visual(clean(text))]
        base = self._face(0, bold)
        found: list[Run] = []
        for face, group in groupby(faced, key=lambda pair: pair[0]):
            part = "".join(char if face else SUBSTITUTE for _, char in group)
            found.append(Run((face or base).name, part, (face or base).width(part)))
        return tuple(found)

    def _find_words(self, text: str, bold: bool) -> tuple[tuple[str, float, float], ...]:
        """(word with its trailing space, width of its ink, width in all) at size 1."""
        return tuple(
            (word, self.width(word.rstrip(), 1, bold=bold), self.width(word, 1, bold=bold))
            for word in _breakables(clean(text))
        )

    def _face_of(self, char: str, bold: bool) -> _Face | None:
        """The first family's face that has the character; None when none has it."""
        key = (char, bold)
        if key not in self._chosen:
            faces = (self._face(place, bold) for place in range(max(len(self._families), 1)))
            self._chosen[key] = next((face for face in faces if face.has(char)), None)
            if self._chosen[key] is None and not self._families:
                raise FontsMissing(
                    f"The character {char!r} needs the fonts in {self._folder}, which are not there: run `make setup`."
                )
        return self._chosen[key]

    def _face(self, place: int, bold: bool) -> _Face:
        face = self._faces.get((place, bold))
        if face is None:
            with DRAWING:
                face = self._faces.get((place, bold)) or self._load(place, bold)
                self._faces[place, bold] = face
        return face

    def _load(self, place: int, bold: bool) -> _Face:
        if not self._families:
            return _built_in_face(bold)
        family = self._families[place]
        file = self._folder / (family.bold if bold and family.bold else family.regular)
        if not file.is_file():
            raise FontsMissing(f"The font file {file} is not there: run `make setup`.")
        return _true_type_face(file)


@lru_cache(maxsize=8)
def load_fonts(folder: Path = FOLDER) -> Fonts:
    """The fonts of a folder, shared by the whole process.

    Without the folder only what reportlab's built-in Helvetica can write is printed, and any other character raises
    FontsMissing: an address must not be transliterated or lose letters because a set-up step was left out.
    """
    from reportlab import rl_config

    # ASCII85 around its streams makes a PDF a quarter larger and slower to write; only 7-bit mail ever needed it.
    rl_config.useA85 = 0
    return Fonts(folder)


def clean(text: str) -> str:
    """One line as it can be printed: composed characters (NFC), control characters and line breaks as spaces."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    kept = (char for char in composed if unicodedata.category(char) != "Cf")
    return "".join(" " if char.isspace() or unicodedata.category(char) == "Cc" else char for char in kept)


def _read_families(folder: Path) -> list[FontFamily]:
    try:
        return msgspec.json.decode((folder / "fonts.json").read_bytes(), type=list[FontFamily])
    except FileNotFoundError:
        return []


def _true_type_face(file: Path) -> _Face:
    # reportlab takes a tenth of a second to import and only who makes a PDF needs it.
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    # Two folders may hold files of one name, and reportlab knows fonts by name alone.
    name = f"{file.stem}-{zlib.crc32(str(file).encode()):08x}"
    # Without asciiReadable only the glyphs that are used are embedded, not all of ASCII in every file.
    font = TTFont(name, str(file), asciiReadable=False)
    registerFont(font)
    return _Face(name, font.face.charWidths, font.face.defaultWidth)


def _built_in_face(bold: bool) -> _Face:
    from reportlab.pdfbase.pdfmetrics import getFont

    font = getFont("Helvetica-Bold" if bold else "Helvetica")
    widths = {}
    for byte in (*range(0x20, 0x7F), *range(0xA0, 0x100)):
        char = bytes([byte]).decode("latin-1")
        widths[ord(char)] = font.stringWidth(char, 1000)
    return _Face(font.fontName, widths, 0)


def _breakables(text: str) -> list[str]:
    """The pieces between which a line may break: words with their trailing space, ideographs one by one."""
    pieces: list[str] = []
    for char in text:
        if pieces and (char == " " or _holds_together(pieces[-1][-1], char)):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _holds_together(before: str, after: str) -> bool:
    return before != " " and not _is_ideograph(before) and not _is_ideograph(after)


def _is_ideograph(char: str) -> bool:
    """Chinese characters, kana and full-width forms: lines break beside them without a space."""
    return "\u2e80" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff" or "\uff00" <= char <= "\uffef"
