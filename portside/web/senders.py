"""Where an account ships from: kept in its settings, asked for on the page of the first order that needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from portside.accounts.actions import change_settings
from portside.accounts.queries import get_settings
from portside.addresses.models import Address
from portside.addresses.rules import countries, phone_text
from portside.addresses.wire import AddressIn, address_from_wire
from portside.db.begin import begin
from portside.db.tx import Tx
from portside.errors import FieldErrors
from portside.kit.scope import Scope
from portside.rest.parse import parse_values
from portside.web.words import plain_errors

SETTING = "sender"
FIELDS = ("name", "company", "street1", "street2", "city", "state", "zip", "country", "phone", "email")
_NAMES = {"street1": "street", "zip": "postal code"}


async def find_sender(tx: Tx, scope: Scope) -> Address | None:
    """The account's own address; None until somebody has given it."""
    found = (await get_settings(tx, scope)).get(SETTING)
    return None if found is None else msgspec.convert(found, Address)


def sender_form(
    url: str, sender: Address | None, errors: Mapping[str, str] | None = None, data: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    """The context of orders/_sender.html."""
    given = data or {name: getattr(sender, name) if sender else "" for name in FIELDS}
    given = {**given, "phone": phone_text(given.get("phone", ""))}
    return {
        "save_url": url,
        "form": {"data": {"country": "US", **_filled(given)}, "errors": errors or {}, "message": ""},
        "countries": [{"value": code, "label": name} for code, name in countries().items()],
    }


def _filled(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if value}


def read_sender(fields: Mapping[str, str]) -> Address:
    """The address in a form; it must have all that a label needs. Raises FieldErrors, a sentence for each field."""
    given = {name: fields.get(name, "").strip() for name in FIELDS}
    try:
        address = address_from_wire(parse_values(AddressIn, given))
    except FieldErrors as wrong:
        raise FieldErrors(plain_errors(wrong)) from wrong
    if address.lacks:
        raise FieldErrors({name: f"Carriers need the {_NAMES.get(name, name)}." for name in address.lacks})
    return address


async def keep_sender(scope: Scope, address: Address) -> None:
    """Ship from there from now on."""
    async with begin() as tx:
        await change_settings(tx, scope, {SETTING: address})
