"""A service group as it is stored, and the draft of a new one."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Scope

GroupType = Literal["LIVE_RATE", "FLAT_RATE", "FREE_SHIPPING"]


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """One service of one carrier account."""

    carrier_account_id: Id
    service_token: str


class GroupDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts are decimal text, as they were sent. `rate_adjustment` is a percentage that carriers' prices are raised
    or, below zero, lowered by."""

    name: str
    description: str
    type: GroupType
    flat_rate: str | None = None
    flat_rate_currency: str | None = None
    free_shipping_threshold_min: str | None = None
    free_shipping_threshold_currency: str | None = None
    rate_adjustment: int | None = None


class ServiceGroup(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    details: GroupDetails
    service_levels: tuple[ServiceLevel, ...]
    is_active: bool
    created_at: dt.datetime
    updated_at: dt.datetime


class ServiceGroupDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A group to be written, with the scope it belongs to (law 3)."""

    scope: Scope
    details: GroupDetails
    service_levels: tuple[ServiceLevel, ...]
    is_active: bool
