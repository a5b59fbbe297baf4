"""A batch, its rows (Shippo calls one a batch shipment), and what becomes of them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.labels.models import Buyer, LabelFileType

BatchStatus = Literal["VALIDATING", "VALID", "INVALID", "PURCHASING", "PURCHASED"]

# `received` is not looked at yet. Of `open` a carrier was asked for a label and nobody knows what it did.
RowState = Literal["received", "valid", "invalid", "incomplete", "open", "bought", "failed"]
RowResult = Literal["creation_failed", "creation_succeeded", "purchase_failed", "purchase_succeeded"]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """`carrier_account_id` and `service_token` serve the rows that name none of their own. `label_keys` are the files
    of merged labels in the file store."""

    id: Id
    status: BatchStatus
    carrier_account_id: Id
    service_token: str
    label_file_type: LabelFileType
    metadata: str
    label_keys: tuple[str, ...]
    purchased_by: Buyer | None
    event_seq: int
    created_at: dt.datetime
    updated_at: dt.datetime


class BatchDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A batch to be written, with its scope (law 3)."""

    scope: Scope
    carrier_account_id: Id
    service_token: str
    label_file_type: LabelFileType
    metadata: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One shipment of a batch. `messages` are objects in the shape of API errors; `purchase_id` is the only purchase
    that may be made for it (law 4)."""

    id: Id
    position: int
    state: RowState
    carrier_account_id: Id | None
    service_token: str
    metadata: str
    shipment_id: Id | None
    rate_id: Id | None
    purchase_id: Id
    tries: int
    label_id: Id | None
    messages: tuple[dict[str, Any], ...]


class RowDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A row to be written; `given` is its shipment as JSON, `shipment_id` the one that it names, if it names one. With
    `messages` it is invalid from the start."""

    given: str
    shipment_id: Id | None
    carrier_account_id: Id | None
    service_token: str
    metadata: str
    messages: tuple[dict[str, Any], ...] = ()


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A shipment with the rate that somebody chose for it."""

    shipment_id: Id
    rate_id: Id
    carrier_account_id: Id
    service_token: str


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A row that waits to be looked at."""

    row: Row
    given: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a row; ids that are None leave the row's own."""

    row: Row
    state: RowState
    shipment_id: Id | None = None
    rate_id: Id | None = None
    label_id: Id | None = None
    messages: tuple[dict[str, Any], ...] = ()


class RowFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a batch's rows a caller wants to see: of one result or all, and which page of them."""

    object_results: RowResult | None = None
    page: Annotated[int, Meta(ge=1)] | None = None
    results: Annotated[int, Meta(ge=1)] | None = None
    page_token: str | None = None
