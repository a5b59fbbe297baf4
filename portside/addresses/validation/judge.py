"""The entrance: one address in, the same address validated and corrected out."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from portside.addresses.models import Address, Validation
from portside.addresses.validation import elsewhere, united_states, zip_codes
from portside.addresses.validation.postal import format_of


def load(countries: Iterable[str]) -> None:
    """Read the tables that addresses in these countries are checked against (the ZIP codes take 0.4 s, once)."""
    for country in countries:
        if _has_zip_codes(country):
            zip_codes.load()
        else:
            format_of(country)


def validated(address: Address) -> Address:
    """The address as corrected, with what was found in `validation`.

    A valid one loses its `metadata`, an invalid one keeps it, as Shippo's do. Coordinates are those of the middle of
    the ZIP code's area, so none outside the United States.
    """
    plain = msgspec.structs.replace(address, latitude=None, longitude=None, validation=None)
    checked = united_states.check(plain) if _has_zip_codes(address.country) else elsewhere.check(plain)
    return msgspec.structs.replace(
        checked.address,
        metadata="" if checked.is_valid else address.metadata,
        validation=Validation(is_valid=checked.is_valid, messages=checked.messages),
    )


def _has_zip_codes(country: str) -> bool:
    return country == "US" or country in united_states.TERRITORIES
