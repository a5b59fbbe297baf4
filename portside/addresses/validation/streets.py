"""The shape of street lines. There is no street directory: what is judged is whether a line can be a street at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from portside.addresses.models import ValidationMessage
from portside.addresses.validation.findings import error, warning


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set: a table that stays readable."""
    return frozenset(text.split())


# USPS Publication 28, appendix C1: the primary suffixes that addresses use most, and their standard abbreviations.
SUFFIXES = {
    "ALLEY": "ALY",
    "AVENUE": "AVE",
    "AV": "AVE",
    "BOULEVARD": "BLVD",
    "BRIDGE": "BRG",
    "CENTER": "CTR",
    "CIRCLE": "CIR",
    "COURT": "CT",
    "COVE": "CV",
    "CREEK": "CRK",
    "CRESCENT": "CRES",
    "CROSSING": "XING",
    "DRIVE": "DR",
    "EXPRESSWAY": "EXPY",
    "FREEWAY": "FWY",
    "HEIGHTS": "HTS",
    "HIGHWAY": "HWY",
    "HILL": "HL",
    "HOLLOW": "HOLW",
    "ISLAND": "IS",
    "JUNCTION": "JCT",
    "LANDING": "LNDG",
    "LANE": "LN",
    "MANOR": "MNR",
    "MEADOWS": "MDWS",
    "MOUNTAIN": "MTN",
    "PARKWAY": "PKWY",
    "PIKE": "PIKE",
    "PLACE": "PL",
    "PLAZA": "PLZ",
    "POINT": "PT",
    "RIDGE": "RDG",
    "ROAD": "RD",
    "ROUTE": "RTE",
    "SQUARE": "SQ",
    "STATION": "STA",
    "STREET": "ST",
    "STR": "ST",
    "TERRACE": "TER",
    "TRAIL": "TRL",
    "TURNPIKE": "TPKE",
    "VALLEY": "VLY",
    "VIEW": "VW",
    "VILLAGE": "VLG",
    "VISTA": "VIS",
}
_DIRECTIONS = word_set("N S E W NE NW SE SW NORTH SOUTH EAST WEST NORTHEAST NORTHWEST SOUTHEAST SOUTHWEST")
_UNITS = word_set("APT APARTMENT STE SUITE UNIT RM ROOM FL FLOOR BLDG BUILDING DEPT LOT TRLR SPC PH PENTHOUSE OFC #")
# After these a number names the road, not the house.
_ROUTES = word_set("HIGHWAY HWY ROUTE RTE ROAD RD INTERSTATE I US SR CR FM STATE COUNTY LOOP")
_SPELLED_NUMBERS = word_set(
    "ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE TEN ELEVEN TWELVE THIRTEEN FOURTEEN FIFTEEN SIXTEEN SEVENTEEN "
    "EIGHTEEN NINETEEN TWENTY THIRTY FORTY FIFTY HUNDRED"
)
# What people type into a field that they do not want to fill, or to see whether it is checked.
_PLACEHOLDERS = word_set(
    "ADDRESS BLAH BOGUS DUMMY FAKE FOO FOOBAR INVALID NA NONE NONSENSE NULL TEST TESTING UNDEFINED UNKNOWN"
)
_KEYBOARD = (("QWERTYUIOP", 5), ("QWERTZUIOP", 5), ("ASDFGHJKL", 4), ("ZXCVBNM", 4), ("YXCVBNM", 4))

_ORDINAL = re.compile(r"\d*(?:1ST|2ND|3RD|\dTH)")
_PO_BOX = re.compile(r"(?:P ?O ?BOX|POST OFFICE BOX|POB)(?![A-Z]) *#? *(?P<number>\S*)(?P<rest>.*)")
_INITIALS = re.compile(r"\b([A-Z])\.(?=[A-Z]\b)")
_RURAL = re.compile(r"(?:RR|RURAL ROUTE|RFD|RD|HC|HIGHWAY CONTRACT) *#? *\d+[A-Z]?\b")
_BOX = re.compile(r"\bBOX *#? *[A-Z]?-?\d")
_PMB_WITHOUT = re.compile(r"\bPMB\b(?! *#? *\w)")
_UNIT_WITHOUT = re.compile(r"(?:^|\s)(?:APT|APARTMENT|STE|SUITE|UNIT|RM|ROOM|#)(?: *#)?$")
_LETTER = re.compile(r"[^\W\d_]")
_SAME_AGAIN = re.compile(r"([^\W\d_])\1{3}|([^\W\d_]{3,})\2{2}")
# The longest runs in English and German names are six or seven consonants (Knightsbridge, Hirschsprung).
_UNSPEAKABLE = re.compile(r"[BCDFGHJKLMNPQRSTVWXZ]{8}|^[BCDFGHJKLMNPQRSTVWXZ]{5,}$")

# The highest house numbers of the United States are a little above 100,000 (Overseas Highway, Florida).
HIGHEST_NUMBER = 150_000


def standard_us_line(line: str) -> str:
    """Publication 28's form: capitals, no punctuation, the type abbreviated; `7 Clayton Street.` is `7 CLAYTON ST`."""
    text = " ".join(re.sub(r"[.,;]", " ", _INITIALS.sub(r"\1", line.upper())).split())
    if box := _PO_BOX.fullmatch(text):
        return " ".join(f"PO BOX {box['number']}{box['rest']}".split())
    words = text.split()
    end = next((i for i, word in enumerate(words) if i > 1 and (word in _UNITS or word.startswith("#"))), len(words))
    if end > 3 and words[end - 1] in _DIRECTIONS:
        end -= 1
    # `100 AVENUE` has nothing but the type for a name.
    if end > 2 and words[end - 1] in SUFFIXES:
        words[end - 1] = SUFFIXES[words[end - 1]]
    return " ".join(words)


def check_us(lines: Sequence[str], *, is_unique: bool) -> list[ValidationMessage]:
    """Judge standard lines, the street first. A unique ZIP code is one receiver's own, who needs no house number."""
    found = [line for line in lines if line]
    if not found:
        return [error("street_detail_missing", "The address has no street.")]
    # The street may stand below the name of a building; but there `GATE 5` is no house number, so it must come first.
    judged = [_check_us_line(line, is_unique=is_unique, anywhere=line is found[0]) for line in found]
    best = min(judged, key=lambda messages: sum(message.type == "address_error" for message in messages))
    extras = [message for line in found for message in _check_details(line)]
    return [*best, *extras]


def _check_us_line(line: str, *, is_unique: bool, anywhere: bool) -> list[ValidationMessage]:
    if box := _PO_BOX.fullmatch(line):
        return _check_box(box["number"])
    if _RURAL.fullmatch(line):
        return [error("box_number_missing", f"The route {line} needs a box number.")]
    if _RURAL.match(line) or line.startswith("GENERAL DELIVERY"):
        return []
    words = line.split()
    number = _house_number(words, anywhere=anywhere)
    if number is not None:
        return _check_number(number) or _check_name(line, words, number)
    if is_nonsense(words):
        return [error("unknown_street", f"{line} is not the name of a street.")]
    say = warning if is_unique else error
    return [say("premise_number_missing", f"There is no house number in {line}.")]


def _check_box(number: str) -> list[ValidationMessage]:
    if not number:
        return [error("box_number_missing", "The post office box has no number.")]
    if not number.strip("0-"):
        return [error("box_number_invalid", f"There is no post office box {number}.")]
    return []


def _check_number(number: str) -> list[ValidationMessage]:
    parts = [int(digits[:9]) for digits in re.findall(r"\d+", number)]
    if parts and (not any(parts) or max(parts) > HIGHEST_NUMBER):
        return [error("premise_number_invalid", f"There is no house number {number}.")]
    return []


def _check_name(line: str, words: Sequence[str], number: str) -> list[ValidationMessage]:
    if not _LETTER.search(" ".join(word for word in words if word != number)):
        return [error("street_detail_missing", f"{line} has a number but no street.")]
    if is_nonsense([word for word in words if word != number]):
        return [error("unknown_street", f"{line} is not the name of a street.")]
    return []


def _check_details(line: str) -> list[ValidationMessage]:
    """Doubts that do not stop a parcel."""
    messages = []
    if _PMB_WITHOUT.search(line):
        messages.append(warning("pmb_number_missing", "The private mailbox has no number."))
    if _UNIT_WITHOUT.search(line):
        messages.append(warning("sub_premise_number_missing", f"The unit at the end of {line} has no number."))
    return messages


def check_military(lines: Sequence[str]) -> list[ValidationMessage]:
    """Mail of the armed forces: a unit and its box, or a ship (Domestic Mail Manual 703.2)."""
    line = " ".join(line for line in lines if line)
    if not line:
        return [error("street_detail_missing", "The address has no unit or ship.")]
    if re.search(r"\b(?:PSC|CMR|UNIT)\b", line) and not _BOX.search(line):
        return [warning("box_number_missing", f"{line} has no box number.")]
    return []


def check_elsewhere(lines: Sequence[str], *, digits_may_do: bool) -> list[ValidationMessage]:
    """Judge lines of any country. In some (`digits_may_do`) a block number alone is a street address."""
    text = " ".join(line for line in lines if line)
    if not text:
        return [error("street_detail_missing", "The address has no street.")]
    if not _LETTER.search(text) and not (digits_may_do and re.search(r"\d", text)):
        return [error("street_detail_missing", f"{text} has no street name.")]
    words = text.upper().split()
    if _LETTER.search(text) and is_nonsense(words, any_language=True):
        return [error("unknown_street", f"{text} is not the name of a street.")]
    return []


def _house_number(words: Sequence[str], *, anywhere: bool) -> str | None:
    """The word that is the number: the first, or (`anywhere`) one further on that numbers neither a road nor a unit."""
    first = words[0].lstrip("#")
    if first in _SPELLED_NUMBERS and len(words) > 1:
        return words[0]
    if re.search(r"\d", first) and not _ORDINAL.fullmatch(first):
        return words[0]
    for before, word in zip(words, words[1:] if anywhere else (), strict=False):
        counts = re.search(r"\d", word) and not _ORDINAL.fullmatch(word) and not word.startswith("#")
        if counts and before not in _ROUTES and before not in _UNITS:
            return word
    return None


def is_nonsense(words: Sequence[str], *, any_language: bool = False) -> bool:
    """Whether none of the words, types and directions aside, can belong to a name.

    Words without vowels are common in Slavic names: they only count against a line that must be American.
    """
    names = [_plain(word) for word in words]
    names = [
        name
        for name in names
        if len(name) > 1 and name not in _DIRECTIONS and name not in _TYPES and name not in _UNITS
    ]
    return bool(names) and all(_is_rubbish(name, any_language=any_language) for name in names)


_TYPES = frozenset(SUFFIXES) | frozenset(SUFFIXES.values())


def _is_rubbish(name: str, *, any_language: bool) -> bool:
    if name in _PLACEHOLDERS or _SAME_AGAIN.search(name):
        return True
    if any(row[at : at + length] in name for row, length in _KEYBOARD for at in range(len(row) - length + 1)):
        return True
    return not any_language and _UNSPEAKABLE.search(name) is not None


def _plain(word: str) -> str:
    """Its letters, without accents."""
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in decomposed if letter.isalpha() and not unicodedata.combining(letter))
