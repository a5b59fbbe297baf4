"""A purchase, its labels, and what a caller may ask for when buying."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.events.models import EventName
from portside.kit.ids import Id
from portside.kit.scope import Mode
from portside.ledger.models import Sale
from portside.rates.models import Message
from portside.terms.models import LabelFileType as LabelFileType
from portside.tracking.models import TrackDetails, TrackingStatus

# `reserved` may or may not have been sent to the carrier: `sent_at` tells. The last three free the rate again.
PurchaseState = Literal["reserved", "bought", "rejected", "voided", "refunded"]
LabelStatus = Literal["WAITING", "QUEUED", "SUCCESS", "ERROR", "REFUNDED", "REFUNDPENDING", "REFUNDREJECTED"]
DEFAULT_FILE_TYPE: LabelFileType = "PDF_4x6"


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """Who bought: the actor, and the person's names if it was a person in the web app."""

    actor: str
    username: str = ""
    first_name: str = ""
    last_name: str = ""


class LabelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How a label is wanted, without a file type as the account's terms say, or as most are. With `is_async` the caller
    is answered at once, QUEUED; otherwise with the outcome.

    `idempotency_key` is the caller's (empty: none) and `body` what it was sent with.
    """

    label_file_type: LabelFileType | None = None
    metadata: str = ""
    order_id: Id | None = None
    is_async: bool = False
    idempotency_key: str = ""
    body: bytes = b""


class PurchaseDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase to be reserved, one label per parcel. An Instalabel has neither rate nor parcels yet."""

    id: Id
    label_ids: tuple[Id, ...]
    rate_id: Id | None
    parcel_ids: tuple[Id | None, ...]
    carrier: str
    order_id: Id | None
    label_file_type: LabelFileType
    metadata: str
    answered_queued: bool
    created_by: Buyer


class StoredPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase at a carrier. `settle_after` is when the carrier may be asked what became of it."""

    id: Id
    rate_id: Id | None
    order_id: Id | None
    state: PurchaseState
    label_file_type: LabelFileType
    answered_queued: bool
    sent_at: dt.datetime | None
    settle_after: dt.datetime | None
    flagged_at: dt.datetime | None
    flag_reason: str | None
    carrier_reference: str | None
    created_at: dt.datetime
    updated_at: dt.datetime


class FlaggedPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase that waits for a person, as the operator sees it: whose it is (`email`: the account's), and why."""

    id: Id
    email: str
    account_id: Id
    mode: Mode
    carrier: str
    label_id: Id
    order_id: Id | None
    state: PurchaseState
    sent_at: dt.datetime | None
    flagged_at: dt.datetime
    flag_reason: str


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """The label of one parcel; `piece` counts from 1, and the first is the master of its purchase. The keys are those
    of the file store."""

    id: Id
    purchase_id: Id
    rate_id: Id | None
    parcel_id: Id | None
    order_id: Id | None
    piece: int
    status: LabelStatus
    carrier: str
    tracking_number: str | None
    tracking_status: TrackingStatus | None
    tracking_url: str | None
    eta: dt.datetime | None
    label_file_type: LabelFileType
    file_key: str | None
    invoice_key: str | None
    qr_code_key: str | None
    messages: tuple[Message, ...]
    metadata: str
    event_seq: int
    created_by: Buyer
    created_at: dt.datetime
    updated_at: dt.datetime


class LabelChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of a label and which events tell of it; what is None stays as it is."""

    label: Label
    status: LabelStatus
    names: tuple[EventName, ...] = ("transaction_updated",)
    tracking_number: str | None = None
    tracking_status: TrackingStatus | None = None
    tracking_url: str | None = None
    eta: dt.datetime | None = None
    file_key: str | None = None
    invoice_key: str | None = None
    qr_code_key: str | None = None
    label_file_type: LabelFileType | None = None
    messages: tuple[Message, ...] | None = None


class LabelWish(msgspec.Struct, frozen=True, kw_only=True):
    """One of many labels. `purchase_id` is made by the caller: asking with it again carries on what was begun."""

    purchase_id: Id
    rate_id: Id
    label_file_type: LabelFileType
    metadata: str = ""
    order_id: Id | None = None


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase that may be carried out (`is_new`), or the one that exists for the rate already."""

    purchase: StoredPurchase
    labels: tuple[Label, ...]
    is_new: bool


class LabelFile(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier made for one parcel, its file stored."""

    tracking_number: str
    tracking_url: str
    file_key: str
    label_file_type: LabelFileType
    qr_code_key: str | None = None


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a purchase that succeeded: files in the order of the labels, and what their tracks start from.
    One invoice goes with all the parcels. `sale` is for the ledger of the platform whose terms made the price."""

    carrier_reference: str
    files: tuple[LabelFile, ...]
    track: TrackDetails
    invoice_key: str | None = None
    eta: dt.datetime | None = None
    sale: Sale | None = None
