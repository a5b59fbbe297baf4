"""Batches in Shippo's shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from portside.batches.models import Batch, BatchDraft, BatchStatus, Row, RowDraft, RowState
from portside.batches.rules import MOST_ROWS, results_of
from portside.carrier_accounts.models import CarrierAccount
from portside.errors import AppError, BadRequest, FieldErrors
from portside.events.models import EventName, envelope
from portside.kit.clock import to_wire
from portside.kit.ids import Id, as_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels.models import LabelFileType
from portside.rest.answer import Answer
from portside.rest.pages import Page
from portside.rest.parse import REQUIRED, parse, sentences
from portside.shipments.wire import NO_ACCOUNT, ShipmentIn

RowStatus = Literal["VALID", "INVALID", "INCOMPLETE", "TRANSACTION_FAILED"]

INACTIVE = "This carrier account is not active."
SHIPMENT_NOT_FOUND = "Shipment with supplied object_id not found."
# Of what is wrong in a list, so many lines are told.
_MOST_LINES = 20

_STATUSES: dict[RowState, RowStatus] = {
    "received": "VALID",
    "valid": "VALID",
    "invalid": "INVALID",
    "incomplete": "INCOMPLETE",
    "open": "VALID",
    "bought": "VALID",
    "failed": "TRANSACTION_FAILED",
}


class BatchShipmentIn(msgspec.Struct, kw_only=True):
    """A shipment, as for `POST /shipments` or the id of one that exists. Without an account and service of its own it
    gets the batch's."""

    shipment: dict[str, Any] | str | None = None
    carrier_account: str | None = None
    servicelevel_token: Annotated[str, Meta(max_length=100)] | None = None
    metadata: Annotated[str, Meta(max_length=100)] = ""


class BatchIn(msgspec.Struct, kw_only=True):
    """At most 10,000 shipments in total; more of them can be added later."""

    default_carrier_account: str
    default_servicelevel_token: Annotated[str, Meta(min_length=1, max_length=100)]
    batch_shipments: list[BatchShipmentIn]
    label_filetype: LabelFileType | None = None
    metadata: Annotated[str, Meta(max_length=100)] = ""


class BatchShipmentOut(msgspec.Struct, kw_only=True):
    """`shipment` is empty until there is one; `messages` say what is wrong, in the shape of API errors."""

    object_id: str
    status: RowStatus
    shipment: str
    transaction: str | None
    carrier_account: str | None
    servicelevel_token: str | None
    metadata: str
    messages: list[dict[str, Any]]


class ObjectResultsOut(msgspec.Struct, kw_only=True):
    """How many of the shipments stand where."""

    purchase_succeeded: int
    purchase_failed: int
    creation_failed: int
    creation_succeeded: int


class BatchOut(msgspec.Struct, kw_only=True):
    """A batch with a page of its shipments, in the order of the request; `label_url` are PDFs of 100 labels each."""

    object_id: str
    object_owner: str
    status: BatchStatus
    object_created: str
    object_updated: str
    metadata: str
    default_carrier_account: str
    default_servicelevel_token: str
    label_filetype: LabelFileType
    batch_shipments: Page[BatchShipmentOut]
    object_results: ObjectResultsOut
    label_url: list[str]
    test: bool


def batch_draft(
    scope: Scope, given: BatchIn, accounts: Mapping[Id, CarrierAccount], file_type: LabelFileType
) -> BatchDraft:
    """The draft of a new batch; `file_type` is that of its labels. Raises FieldErrors."""
    return BatchDraft(
        scope=scope,
        carrier_account_id=_account_id("default_carrier_account", given.default_carrier_account, accounts),
        service_token=given.default_servicelevel_token.strip(),
        label_file_type=file_type,
        metadata=given.metadata,
    )


def row_drafts(given: Sequence[BatchShipmentIn], accounts: Mapping[Id, CarrierAccount]) -> list[RowDraft]:
    """The drafts of rows. One that names an unusable account is a row too, an invalid one. Raises BadRequest."""
    if len(given) > MOST_ROWS:
        raise too_many()
    lacking = [place for place, each in enumerate(given) if not each.shipment]
    if lacking:
        lines = [f"batch_shipments[{place}].shipment: {REQUIRED}" for place in lacking[:_MOST_LINES]]
        raise BadRequest("\n".join(["Invalid create request.", *lines]))
    return [_row_draft(each, accounts) for each in given]


def account_ids(given: Iterable[str | None]) -> list[Id]:
    """The ids among what requests name as carrier accounts."""
    return list({found for text in given if text and (found := as_id(text.strip())) is not None})


def row_ids(given: Sequence[str]) -> list[Id]:
    """The ids of rows. Raises BadRequest for what is none."""
    ids = {text: as_id(text) for text in given}
    if unknown := [text for text, found in ids.items() if found is None]:
        raise no_such_row(unknown[0])
    return [found for found in ids.values() if found is not None]


def shipment_in(text: str) -> ShipmentIn | Id:
    """What a row was given. Raises FieldErrors, BadRequest."""
    given = msgspec.json.decode(text)
    if isinstance(given, str):
        shipment_id = as_id(given.strip())
        if shipment_id is None:
            raise BadRequest(SHIPMENT_NOT_FOUND)
        return shipment_id
    shipment = parse(ShipmentIn, text.encode())
    shipment.is_async = False
    return shipment


def batch_out(batch: Batch, page: Page[BatchShipmentOut], counts: Mapping[RowState, int], scope: Scope) -> BatchOut:
    """`counts` are rows by state."""
    return BatchOut(
        object_id=batch.id,
        object_owner=scope.owner,
        status=batch.status,
        object_created=to_wire(batch.created_at),
        object_updated=to_wire(batch.updated_at),
        metadata=batch.metadata,
        default_carrier_account=batch.carrier_account_id,
        default_servicelevel_token=batch.service_token,
        label_filetype=batch.label_file_type,
        batch_shipments=page,
        object_results=ObjectResultsOut(**results_of(counts)),
        label_url=[services().file_url(key) for key in batch.label_keys],
        test=scope.is_test,
    )


def row_out(row: Row) -> BatchShipmentOut:
    return BatchShipmentOut(
        object_id=row.id,
        status=_STATUSES[row.state],
        shipment=row.shipment_id or "",
        transaction=row.label_id,
        carrier_account=row.carrier_account_id,
        servicelevel_token=row.service_token or None,
        metadata=row.metadata,
        messages=list(row.messages),
    )


def event_body(name: EventName, batch_id: Id, scope: Scope) -> str:
    """The finished webhook body, whose data is a sentence."""
    what = "created" if name == "batch_created" else "processing complete"
    return envelope(name, test=scope.is_test, data=msgspec.json.encode(f"batch {batch_id} {what}"))


def about_shipment(error: AppError) -> dict[str, Any]:
    """An error of a row's shipment as a message of the row."""
    return {"shipment": [error.errors if isinstance(error, FieldErrors) else error.message]}


def malformed(error: AppError) -> Answer:
    """A list that cannot be read is told in sentences; every other error is raised again."""
    wrong = error.errors.get("batch_shipments") if isinstance(error, FieldErrors) else None
    if wrong is None or wrong == [REQUIRED]:
        raise error
    lines = ["Invalid create request.", *sentences(wrong, "batch_shipments")][:_MOST_LINES]
    return Answer(error.status, msgspec.json.encode({"detail": "\n".join(lines)}))


def too_many() -> BadRequest:
    return BadRequest(f"Invalid create request.\nA batch may have at most {MOST_ROWS:,} shipments.")


def no_such_row(text: str) -> BadRequest:
    return BadRequest(f"Batch shipment with supplied object_id {text[:50]} not found.")


def _row_draft(given: BatchShipmentIn, accounts: Mapping[Id, CarrierAccount]) -> RowDraft:
    own: Id | None = None
    messages: tuple[dict[str, Any], ...] = ()
    if given.carrier_account and given.carrier_account.strip():
        try:
            own = _account_id("carrier_account", given.carrier_account, accounts)
        except FieldErrors as wrong:
            messages = (wrong.errors,)
    return RowDraft(
        given=msgspec.json.encode(given.shipment).decode(),
        shipment_id=as_id(given.shipment.strip()) if isinstance(given.shipment, str) else None,
        carrier_account_id=own,
        service_token=(given.servicelevel_token or "").strip(),
        metadata=given.metadata,
        messages=messages,
    )


def _account_id(field: str, text: str, accounts: Mapping[Id, CarrierAccount]) -> Id:
    account = accounts.get(as_id(text.strip()) or Id(""))
    if account is None:
        raise FieldErrors({field: [NO_ACCOUNT.format(text.strip()[:50])]})
    if not account.active:
        raise FieldErrors({field: [INACTIVE]})
    return account.id
