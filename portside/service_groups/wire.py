"""Service groups in Shippo's shapes."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from portside.errors import FieldErrors, NotFound
from portside.kit.ids import Id, as_id
from portside.kit.scope import Scope
from portside.rest.parse import DecimalText
from portside.service_groups.models import GroupDetails, GroupType, ServiceGroup, ServiceGroupDraft, ServiceLevel
from portside.service_groups.rules import MOST_SERVICES

Currency = Annotated[str, Meta(pattern="^[A-Za-z]{3}$", max_length=3, description="ISO 4217.")]

NOT_NEGATIVE = "Ensure this value is greater than or equal to 0."
# Shippo documents no bounds. A price cannot fall below nothing.
_LEAST_ADJUSTMENT = -100
_MOST_ADJUSTMENT = 1000


class ServiceLevelIn(msgspec.Struct, kw_only=True):
    account_object_id: Annotated[str, Meta(max_length=100, description="The id of one of your carrier accounts.")]
    service_level_token: Annotated[str, Meta(max_length=100, description="One of that carrier's service levels.")]


class ServiceGroupIn(msgspec.Struct, kw_only=True):
    """`LIVE_RATE` is the cheapest price of its service levels, or the flat rate when none of them is offered;
    `FLAT_RATE` is the flat rate; `FREE_SHIPPING` is free, and offered once the cart's total reaches the threshold.
    The adjustment is in percent, and of carriers' prices only."""

    name: Annotated[str, Meta(min_length=1, max_length=100, description="Shown to buyers, as `title`.")]
    description: Annotated[str, Meta(max_length=500)]
    type: GroupType
    service_levels: Annotated[list[ServiceLevelIn], Meta(max_length=MOST_SERVICES)]
    flat_rate: DecimalText | None = None
    flat_rate_currency: Currency | None = None
    free_shipping_threshold_min: DecimalText | None = None
    free_shipping_threshold_currency: Currency | None = None
    rate_adjustment: Annotated[int, Meta(ge=_LEAST_ADJUSTMENT, le=_MOST_ADJUSTMENT)] | None = None


class ServiceGroupCreate(ServiceGroupIn, kw_only=True):
    is_active: bool = True


class ServiceGroupUpdate(ServiceGroupIn, kw_only=True):
    """Amounts and the adjustment stay as they are when they are left out."""

    object_id: Annotated[str, Meta(min_length=1, max_length=100)]
    is_active: bool


class ServiceLevelOut(msgspec.Struct, kw_only=True):
    account_object_id: str
    service_level_token: str


class ServiceGroupOut(msgspec.Struct, kw_only=True):
    object_id: str
    name: str
    description: str
    type: GroupType
    flat_rate: str | None
    flat_rate_currency: str | None
    free_shipping_threshold_min: str | None
    free_shipping_threshold_currency: str | None
    rate_adjustment: int | None
    service_levels: list[ServiceLevelOut]
    is_active: bool


def service_group_draft(scope: Scope, given: ServiceGroupCreate | ServiceGroupUpdate) -> ServiceGroupDraft:
    """A draft of the group in a request. Raises FieldErrors."""
    errors: dict[str, Any] = {}
    for field in ("flat_rate", "free_shipping_threshold_min"):
        if (getattr(given, field) or "").startswith("-"):
            errors[field] = [NOT_NEGATIVE]
    if not given.name.strip():
        errors["name"] = ["This field may not be blank."]
    levels = _service_levels(given.service_levels, errors)
    if errors:
        raise FieldErrors(errors)
    details = GroupDetails(
        name=given.name.strip(),
        description=given.description,
        type=given.type,
        flat_rate=given.flat_rate,
        flat_rate_currency=_upper(given.flat_rate_currency),
        free_shipping_threshold_min=given.free_shipping_threshold_min,
        free_shipping_threshold_currency=_upper(given.free_shipping_threshold_currency),
        rate_adjustment=given.rate_adjustment,
    )
    return ServiceGroupDraft(scope=scope, details=details, service_levels=levels, is_active=given.is_active)


def updated_id(given: ServiceGroupUpdate) -> Id:
    """The id in the body, where others have it in the path. Raises NotFound."""
    found = as_id(given.object_id)
    if found is None:
        raise NotFound
    return found


def _service_levels(given: list[ServiceLevelIn], errors: dict[str, Any]) -> tuple[ServiceLevel, ...]:
    """In the order given, each once."""
    levels: list[ServiceLevel] = []
    wrong: list[dict[str, list[str]]] = []
    for level in given:
        account_id = as_id(level.account_object_id)
        wrong.append({})
        if account_id is None:
            text = f"CarrierAccount with supplied object_id {level.account_object_id} not found."
            wrong[-1] = {"account_object_id": [text]}
        else:
            levels.append(ServiceLevel(carrier_account_id=account_id, service_token=level.service_level_token.strip()))
    if any(wrong):
        errors["service_levels"] = wrong
    return tuple(dict.fromkeys(levels))


def _upper(text: str | None) -> str | None:
    return text.upper() if text else None


def service_group_out(group: ServiceGroup) -> ServiceGroupOut:
    return ServiceGroupOut(
        object_id=group.id,
        **msgspec.structs.asdict(group.details),
        service_levels=[
            ServiceLevelOut(account_object_id=level.carrier_account_id, service_level_token=level.service_token)
            for level in group.service_levels
        ],
        is_active=group.is_active,
    )
