"""Addresses outside the United States: what their country's postal format says about them."""

from __future__ import annotations

import re

import msgspec

from portside.addresses.models import Address, ValidationMessage
from portside.addresses.validation import streets
from portside.addresses.validation.findings import Checked, error, warning
from portside.addresses.validation.postal import Area, Format, format_of, standard_postal_code, without_prefix

# Where every building has a number; in Britain, Ireland, India or the Gulf many have only names.
_NUMBERED = streets.word_set(
    "AT AU BE BG BR CA CH CZ DE DK EE ES FI FR GR HR HU IT JP KR LT LU LV MX NL NO NZ PL PT RO SE SI SK"
)
# "Without number" in Spanish, Italian and Portuguese.
_WITHOUT_NUMBER = re.compile(r"\b(?:S/?N|SNC|S\.N\.C?|S/?Nº?)(?:\W|$)", re.IGNORECASE)
# A block's numbers without a street name are an address there.
_BLOCKS = frozenset({"CN", "JP", "KR", "TW"})


def check(address: Address) -> Checked:
    """Judge an address by its country's format; postal code and area code are written as the country writes them."""
    tidy = _tidy(address)
    if not any((tidy.street_no, tidy.street1, tidy.street2, tidy.street3, tidy.city, tidy.state, tidy.zip)):
        return Checked(tidy, (error("empty_request", "The address has nothing but a country."),))
    messages = _check_street(tidy)
    postal = format_of(tidy.country)
    if postal is None:
        return Checked(tidy, tuple(messages))
    if "C" in postal.required and not tidy.city:
        messages.append(error("Invalid City", "The address has no city."))
    coded = _settle_postal_code(tidy, postal)
    settled = _settle_area(coded.address, postal) if coded.is_valid else coded
    return Checked(settled.address, (*messages, *coded.messages, *(settled.messages if coded.is_valid else ())))


def _tidy(address: Address) -> Address:
    fields = ("street_no", "street1", "street2", "street3", "city", "state", "zip")
    return msgspec.structs.replace(address, **{field: " ".join(getattr(address, field).split()) for field in fields})


def _check_street(address: Address) -> list[ValidationMessage]:
    lines = (address.street1, address.street2, address.street3)
    messages = streets.check_elsewhere(lines, digits_may_do=address.country in _BLOCKS)
    text = " ".join((address.street_no, *lines))
    if messages or address.country not in _NUMBERED or re.search(r"\d", text) or _WITHOUT_NUMBER.search(text):
        return messages
    return [warning("premise_number_missing", f"There is no house number in {address.street1}.")]


def _settle_postal_code(address: Address, postal: Format) -> Checked:
    if not address.zip:
        missing = (error("invalid_postal_code", "The address has no postal code."),)
        return Checked(address, missing if "Z" in postal.required else ())
    standard = standard_postal_code(address.zip, postal)
    if standard is None:
        standard = standard_postal_code(without_prefix(address.zip, address.country, postal), postal)
    if standard is None:
        example = f" One is {postal.examples[0]}." if postal.examples else ""
        text = f"{address.zip} is not a postal code of {address.country}.{example}"
        return Checked(address, (error("invalid_postal_code", text),))
    return Checked(msgspec.structs.replace(address, zip=standard))


def _settle_area(address: Address, postal: Format) -> Checked:
    """The area is what the postal code says it is, where postal codes say it."""
    if "S" not in postal.required or (address.state and not postal.areas):
        return Checked(address)
    area = postal.area_named(address.state)
    possible = postal.areas_of(address.zip) if address.zip else []
    if area is None:
        return _find_area(address, postal, possible)
    if possible and area.postal is not None and area not in possible:
        text = f"Postal code {address.zip} is in {possible[0].latin}, not in {address.state}."
        return Checked(address, (error("component_mismatch_error", text),))
    return Checked(msgspec.structs.replace(address, state=area.key) if postal.has_area_codes else address)


def _find_area(address: Address, postal: Format, possible: list[Area]) -> Checked:
    if len(possible) == 1 and (postal.has_area_codes or not address.state):
        state = possible[0].latin if f"{address.street1}{address.city}".isascii() else possible[0].key
        done = "corrected" if address.state else "added"
        text = f"The state or province was {done}: postal code {address.zip} is in {state}."
        return Checked(msgspec.structs.replace(address, state=state), (warning("administrative_area_change", text),))
    text = f"{address.state} is not a known state or province of {address.country}."
    if not address.state:
        text = "The address has no state or province."
    if postal.has_area_codes:
        return Checked(address, (error("Invalid State", text),))
    return Checked(address, (warning("administrative_area_partial", text),))
