"""The table of US ZIP codes: whose they are, and where their centres lie."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from types import ModuleType
from typing import Any

import msgspec

# Short forms that people and the Postal Service use in names of cities (Publication 28, appendices B and C).
_SHORT_FORMS = {
    "ST": "SAINT",
    "STE": "SAINTE",
    "FT": "FORT",
    "MT": "MOUNT",
    "PT": "POINT",
    "N": "NORTH",
    "S": "SOUTH",
    "E": "EAST",
    "W": "WEST",
    "HTS": "HEIGHTS",
    "HGTS": "HEIGHTS",
    "SPG": "SPRING",
    "SPGS": "SPRINGS",
    "BCH": "BEACH",
    "CTY": "CITY",
    "VLY": "VALLEY",
    "VLG": "VILLAGE",
    "PK": "PARK",
    "JCT": "JUNCTION",
    "HBR": "HARBOR",
    "LK": "LAKE",
    "IS": "ISLAND",
}
_WORD = re.compile(r"[A-Z0-9]+")


class Point(msgspec.Struct, frozen=True):
    """Degrees north and east."""

    latitude: float
    longitude: float


class ZipCode(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table. `city` is the preferred name, `also` the keys of all names that are accepted instead."""

    code: str
    city: str
    state: str
    is_military: bool
    is_unique: bool
    is_active: bool
    also: frozenset[str]
    centre: Point | None


def load() -> None:
    """Read the table now (about 0.4 s, once per process), so that no later look-up has to."""
    find_zip_code("10001")


@lru_cache(maxsize=8192)
def find_zip_code(code: str) -> ZipCode | None:
    """The row of a five-digit ZIP code; None if the table has none."""
    rows = _table().matching(code)
    return _zip_code(rows[0]) if rows else None


@lru_cache(maxsize=2048)
def centres_of(city: str, state: str) -> tuple[Point, ...]:
    """Where the ZIP codes lie whose preferred name in this state is this city."""
    words = (_SHORT_FORMS.get(word, word) for word in _words(city.replace("'", " ")))
    rows = _table().filter_by(city=" ".join(words).title(), state=state)
    return tuple(centre for row in rows if (centre := _centre(row)) is not None)


def miles_between(one: Point, other: Point) -> float:
    """Great-circle distance in statute miles."""
    return float(_table().haversine(one.longitude, one.latitude, other.longitude, other.latitude))


def city_key(name: str) -> str:
    """Names of one key are one city: `St. Louis` and `SAINT LOUIS`, `O'Fallon` and `O Fallon`."""
    return "".join(_SHORT_FORMS.get(word, word) for word in _words(name.replace("'", " ")))


def _words(name: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return _WORD.findall(plain.upper())


def _zip_code(row: dict[str, Any]) -> ZipCode:
    return ZipCode(
        code=row["zip_code"],
        city=row["city"].upper(),
        state=row["state"],
        is_military=row["zip_code_type"] == "MILITARY",
        is_unique=row["zip_code_type"] == "UNIQUE",
        is_active=bool(row["active"]),
        also=frozenset(city_key(name) for name in row["acceptable_cities"]),
        centre=_centre(row),
    )


def _centre(row: dict[str, Any]) -> Point | None:
    """The table writes 0, 0 where it knows no place: military mail, some offices of large senders."""
    point = Point(latitude=float(row["lat"]), longitude=float(row["long"]))
    return point if point.latitude or point.longitude else None


def _table() -> ModuleType:
    # Whoever validates nothing must not pay for the table's 40 MB.
    import zipcodes

    return zipcodes  # type: ignore[no-any-return, unused-ignore]
