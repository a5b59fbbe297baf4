"""Pure facts about customs: what must be said together, and what a carrier is told of a declaration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from portside.addresses.rules import country_code
from portside.carriers import contract
from portside.customs.models import Declaration, DeclarationDetails, Item
from portside.kit.units import grams
from portside.parcels.rules import size_error

REQUIRED = "This field is required."
NOT_NEGATIVE = "Ensure this value is greater than or equal to 0."
_BAD_COUNTRY = "Invalid country. Use an ISO 3166-1 code."
_BAD_CURRENCY = "Invalid currency. Use an ISO 4217 code."
_CURRENCY = re.compile(r"[A-Z]{3}")

# Regulation (EU) 2015/2446, annex B: a country and up to 17 more characters; Shippo wants at least 6.
_EORI = re.compile(r"[A-Z]{2}[A-Z0-9]{6,17}")

# What the carrier contract has fields of its own for.
_NAMED = frozenset(
    {
        "contents_type",
        "non_delivery_option",
        "certify_signer",
        "contents_explanation",
        "incoterm",
        "eel_pfc",
        "aes_itn",
        "metadata",
    }
)


def item_errors(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is wrong with those fields of an item that could be read."""
    errors: dict[str, Any] = {}
    if not given.get("description", "-").strip():
        errors["description"] = [REQUIRED]
    if wrong := size_error(given.get("net_weight", "1")):
        errors["net_weight"] = [wrong]
    if given.get("value_amount", "").startswith("-"):
        errors["value_amount"] = [NOT_NEGATIVE]
    read_currency(given.get("value_currency", "USD"), "value_currency", errors)
    read_country(given.get("origin_country", "US"), "origin_country", errors)
    return errors


def read_currency(text: str, field: str, errors: dict[str, Any]) -> str:
    """The code of a currency; what is wrong with it goes to `errors[field]`."""
    code = text.strip().upper()
    if not _CURRENCY.fullmatch(code):
        errors[field] = [_BAD_CURRENCY if code else REQUIRED]
    return code


def read_country(text: str, field: str, errors: dict[str, Any]) -> str:
    """The code of a country; what is wrong with it goes to `errors[field]`."""
    code = country_code(text)
    if code is None:
        errors[field] = [_BAD_COUNTRY if text.strip() else REQUIRED]
    return code or ""


def is_eori(text: str) -> bool:
    """Whether this is shaped like an Economic Operators Registration and Identification number."""
    return _EORI.fullmatch(text) is not None


def missing_with(details: DeclarationDetails) -> list[str]:
    """The fields that are empty and must not be, most of them because of what else was declared."""
    needs = {
        "certify_signer": True,
        "contents_explanation": details.contents_type == "OTHER",
        "aes_itn": details.eel_pfc == "AES_ITN",
        "b13a_number": details.b13a_filing_option is not None,
        "b13a_filing_option": bool(details.b13a_number),
    }
    return [field for field, needed in needs.items() if needed and not getattr(details, field)]


def carrier_customs(declaration: Declaration, items: Sequence[Item]) -> contract.Customs:
    """The declaration with its items, in its order, as carriers are told of it."""
    details = declaration.details
    told = msgspec.to_builtins(details)
    return contract.Customs(
        contents_type=details.contents_type,
        non_delivery_option=details.non_delivery_option,
        certify_signer=details.certify_signer,
        items=tuple(_carrier_item(item) for item in items),
        contents_explanation=details.contents_explanation,
        incoterm=details.incoterm or "",
        eel_pfc=details.eel_pfc or "",
        aes_itn=details.aes_itn,
        details={name: value for name, value in told.items() if name not in _NAMED},
    )


def _carrier_item(item: Item) -> contract.CustomsItem:
    return contract.CustomsItem(
        description=item.description,
        quantity=item.quantity,
        net_grams=grams(item.net_weight, item.mass_unit),
        value=Decimal(item.value_amount),
        currency=item.value_currency,
        origin_country=item.origin_country,
        tariff_number=item.tariff_number or item.hs_code or "",
    )
