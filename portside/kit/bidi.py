"""Right-to-left scripts for a drawing library that only puts characters side by side from left to right.

The part of Unicode's bidirectional algorithm (UAX #9) that a line of an address needs, without explicit embeddings, and
the joining of Arabic letters by the presentation forms that Unicode's own decompositions name.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import pairwise

_RIGHT = frozenset({"R", "AL"})
_NUMBER = frozenset({"EN", "AN"})
_BETWEEN_NUMBERS = frozenset({"ES", "CS", "ET"})
_MIRROR = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_FORM_BLOCKS = (range(0xFB50, 0xFC00), range(0xFE70, 0xFF00))


def visual(line: str) -> str:
    """The characters of one logical line in the order they are drawn in, Arabic letters in their joined forms."""
    if line.isascii() or not any(unicodedata.bidirectional(char) in _RIGHT for char in line):
        return line
    line = join_arabic(line)
    levels = _levels(line)
    chars = [char.translate(_MIRROR) if level % 2 else char for char, level in zip(line, levels, strict=True)]
    for level in range(max(levels), 0, -1):
        _reverse_from(chars, levels, level)
    return "".join(chars)


def join_arabic(line: str) -> str:
    """Each Arabic letter as its isolated, initial, medial or final form, by what it touches."""
    line = _join_lam_alef(line)
    forms = _forms()
    joined: list[str] = []
    for place, char in enumerate(line):
        after_join = _reaches_on(_neighbour(line, place, -1)) and "final" in forms.get(char, {})
        before_join = _reaches_on(char) and "final" in forms.get(_neighbour(line, place, 1), {})
        wanted = ("medial" if before_join else "final") if after_join else ("initial" if before_join else "isolated")
        joined.append(forms.get(char, {}).get(wanted, char))
    return "".join(joined)


def _join_lam_alef(line: str) -> str:
    """Lam and alef are always one glyph; it joins like an alef."""
    for pair, ligature in _lam_alefs().items():
        line = line.replace(pair, ligature)
    return line


def _neighbour(line: str, place: int, step: int) -> str:
    """The next letter on that side; marks above and below letters do not part them."""
    place += step
    while 0 <= place < len(line):
        if unicodedata.category(line[place]) != "Mn":
            return line[place]
        place += step
    return ""


def _reaches_on(char: str) -> bool:
    """Whether a letter joins to the one after it."""
    return char == "\u0640" or "initial" in _forms().get(char, {})


@cache
def _forms() -> dict[str, dict[str, str]]:
    """Letter → {form: presentation character}; a lam-alef ligature's isolated form stands for the letter."""
    forms: dict[str, dict[str, str]] = {"\u0640": {"final": "\u0640"}}
    for char, form, letters in _decompositions():
        if len(letters) == 1:
            forms.setdefault(letters, {})[form] = char
        elif letters in _lam_alefs():
            forms.setdefault(_lam_alefs()[letters], {})[form] = char
    return forms


@cache
def _lam_alefs() -> dict[str, str]:
    return {letters: char for char, form, letters in _decompositions() if form == "isolated" and _is_lam_alef(letters)}


def _is_lam_alef(letters: str) -> bool:
    return len(letters) == 2 and letters[0] == "\u0644" and letters[1] in "\u0622\u0623\u0625\u0627"


def _decompositions() -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for char in (chr(code) for block in _FORM_BLOCKS for code in block):
        form, *codes = unicodedata.decomposition(char).split() or [""]
        letters = "".join(chr(int(code, 16)) for code in codes)
        if letters and " " not in letters:
            found.append((char, form.strip("<>"), letters))
    return found


def _levels(line: str) -> list[int]:
    """UAX #9 levels: even runs left to right. The line's own direction is that of its first letter."""
    kinds = _number_separators([unicodedata.bidirectional(char) for char in line])
    base = 1 if next(kind for kind in kinds if kind == "L" or kind in _RIGHT) in _RIGHT else 0
    kinds = _numbers_after_latin(kinds, base)
    levels: list[int] = []
    for place, kind in enumerate(kinds):
        if kind == "L":
            levels.append(2 * base)
        elif kind in _RIGHT:
            levels.append(1)
        elif kind in _NUMBER:
            levels.append(2)
        else:
            sides = {_is_right(kinds[:place][::-1], base), _is_right(kinds[place + 1 :], base)}
            is_right = sides.pop() if len(sides) == 1 else bool(base)
            levels.append(1 if is_right else 2 * base)
    return levels


def _numbers_after_latin(kinds: list[str], base: int) -> list[str]:
    """A number that follows left-to-right letters belongs to them (rule W7)."""
    strong = "R" if base else "L"
    resolved: list[str] = []
    for kind in kinds:
        strong = kind if kind == "L" or kind in _RIGHT else strong
        resolved.append("L" if kind == "EN" and strong == "L" else kind)
    return resolved


def _number_separators(kinds: list[str]) -> list[str]:
    """A hyphen or point inside a number belongs to the number, as in 90-001."""
    padded = ["", *kinds, ""]
    return [
        "EN" if kind in _BETWEEN_NUMBERS and before in _NUMBER and after in _NUMBER else kind
        for (before, kind), (_, after) in zip(pairwise(padded), pairwise(padded[1:]), strict=False)
    ]


def _is_right(kinds: list[str], base: int) -> bool:
    """The direction of the first kind that has one, or the line's own at its end; numbers count as right (rule N1)."""
    sided = (kind for kind in kinds if kind == "L" or kind in _RIGHT or kind in _NUMBER)
    return next((kind != "L" for kind in sided), bool(base))


def _reverse_from(chars: list[str], levels: list[int], level: int) -> None:
    """Reverse every longest stretch whose levels are `level` or more (UAX #9, rule L2)."""
    start = 0
    while start < len(chars):
        end = start
        while end < len(chars) and levels[end] >= level:
            end += 1
        chars[start:end] = chars[start:end][::-1]
        levels[start:end] = levels[start:end][::-1]
        start = max(end, start + 1)
