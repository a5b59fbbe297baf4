"""A shipment as it is stored, the draft of a new one, and what a draft refers to."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec

from portside.addresses.models import Address, AddressDraft, StoredAddress
from portside.customs.models import DeclarationDraft, Item, StoredDeclaration
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.parcels.models import ParcelDraft, StoredParcel
from portside.rates.models import Message

ShipmentStatus = Literal["WAITING", "QUEUED", "SUCCESS", "ERROR"]


class ShipmentDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshots of rows that never change, and the options; shown and never searched."""

    address_from: Address
    address_to: Address
    address_return: Address
    parcels: tuple[StoredParcel, ...]
    customs: StoredDeclaration | None = None
    customs_items: tuple[Item, ...] = ()
    extra: dict[str, Any] = {}


class StoredShipment(msgspec.Struct, frozen=True, kw_only=True):
    """QUEUED until its carriers were asked. `carrier_account_ids` limits which; empty means all active ones."""

    id: Id
    status: ShipmentStatus
    details: ShipmentDetails
    carrier_account_ids: tuple[Id, ...]
    order_id: Id | None
    shipment_date: dt.datetime
    metadata: str
    messages: tuple[Message, ...]
    created_at: dt.datetime
    updated_at: dt.datetime


class ShipmentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A shipment to be written, with its scope (law 3). Parts that the request brought are drafts, parts that it named
    by id are as stored."""

    scope: Scope
    address_from: Address
    address_to: Address
    address_return: Address
    new_addresses: tuple[AddressDraft, ...]
    parcels: tuple[StoredParcel | ParcelDraft, ...]
    customs: StoredDeclaration | DeclarationDraft | None
    carrier_account_ids: tuple[Id, ...]
    order_id: Id | None
    shipment_date: dt.datetime
    extra: dict[str, Any]
    metadata: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a request names by id."""

    addresses: tuple[Id, ...] = ()
    parcels: tuple[Id, ...] = ()
    declaration: Id | None = None
    items: tuple[Id, ...] = ()
    order: Id | None = None


class References(msgspec.Struct, frozen=True, kw_only=True):
    """What of that exists, and the active carrier accounts."""

    addresses: dict[str, StoredAddress]
    parcels: dict[str, StoredParcel]
    declaration: StoredDeclaration | None
    item_ids: frozenset[str]
    has_order: bool
    account_ids: frozenset[Id]
