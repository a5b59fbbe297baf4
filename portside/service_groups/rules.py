"""Pure facts about service groups: how many there may be, what a type needs, which services can be in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from portside.carrier_accounts.models import CarrierAccount
from portside.carriers.catalogue import carrier_name, service_levels
from portside.errors import FieldErrors
from portside.kit.ids import Id
from portside.rest.parse import REQUIRED
from portside.service_groups.models import GroupDetails, ServiceLevel

# The list has no pages, and a checkout asks for all of them at once.
MOST_GROUPS = 100
MOST_SERVICES = 100

_FLAT = ("flat_rate", "flat_rate_currency")
_THRESHOLD = ("free_shipping_threshold_min", "free_shipping_threshold_currency")


def merged(stored: GroupDetails, given: GroupDetails) -> GroupDetails:
    """`given`, with what it leaves out as it was."""
    kept = {name: old for name, old in msgspec.structs.asdict(stored).items() if getattr(given, name) is None}
    return msgspec.structs.replace(given, **kept)


def check_group(details: GroupDetails, levels: Sequence[ServiceLevel], accounts: Mapping[Id, CarrierAccount]) -> None:
    """Raises FieldErrors: what the group's type needs is missing, or a service is none of these carrier accounts'."""
    errors: dict[str, Any] = {field: [REQUIRED] for field in _missing(details)}
    if details.type == "LIVE_RATE" and not levels:
        errors["service_levels"] = ["This list may not be empty."]
    wrong = [_wrong_level(level, accounts.get(level.carrier_account_id)) for level in levels]
    if any(wrong):
        errors["service_levels"] = wrong
    if errors:
        raise FieldErrors(errors)


def _missing(details: GroupDetails) -> list[str]:
    """A flat rate is the price, or what is asked when no carrier offers any; an amount is nothing without currency."""
    needed = list(_THRESHOLD if details.type == "FREE_SHIPPING" else _FLAT)
    needed += [currency for amount, currency in (_FLAT, _THRESHOLD) if getattr(details, amount) is not None]
    return [field for field in needed if getattr(details, field) is None]


def _wrong_level(level: ServiceLevel, account: CarrierAccount | None) -> dict[str, list[str]]:
    if account is None:
        return {"account_object_id": [f"CarrierAccount with supplied object_id {level.carrier_account_id} not found."]}
    if level.service_token not in {service.token for service in service_levels(account.carrier)}:
        text = f'{carrier_name(account.carrier)} has no service level "{level.service_token}".'
        return {"service_level_token": [text]}
    return {}
