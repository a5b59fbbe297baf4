"""A manifest as it is stored, what is asked for, and the labels that may be on it."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.addresses.models import Address, AddressDraft
from portside.kit.ids import Id

ManifestStatus = Literal["QUEUED", "SUCCESS", "ERROR"]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """QUEUED until the carrier has said yes or no. `documents` are keys of the file store."""

    id: Id
    carrier_account_id: Id
    carrier: str
    status: ManifestStatus
    shipment_date: dt.datetime
    address_from_id: Id
    label_ids: tuple[Id, ...]
    documents: tuple[str, ...]
    errors: tuple[str, ...]
    next_try_at: dt.datetime
    created_at: dt.datetime
    updated_at: dt.datetime


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest as it was asked for. `carrier_account_id` or `provider` names the account; the address is one by id
    (None as `address`), or a new one. Without `label_ids` all that are eligible are meant."""

    carrier_account_id: Id | None
    provider: str
    shipment_date: dt.datetime
    address_id: Id | None
    address: AddressDraft | None
    label_ids: tuple[Id, ...] | None
    is_async: bool


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A label, and what decides whether it may be on a manifest."""

    id: Id
    status: str
    carrier_account_id: Id
    tracking_number: str | None
    origin: Address
    is_return: bool
    shipment_date: dt.datetime
    bought_at: dt.datetime
    manifest_id: Id | None


class ManifestDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest to be written. `takes_what_is_left`: a label that another manifest was faster to take is left out
    and not an error."""

    id: Id
    carrier_account_id: Id
    carrier: str
    shipment_date: dt.datetime
    address_from_id: Id
    label_ids: tuple[Id, ...]
    takes_what_is_left: bool
