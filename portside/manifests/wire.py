"""Manifests in Shippo's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from portside.addresses.models import AddressDraft
from portside.addresses.wire import address_draft
from portside.carrier_accounts.wire import CarrierAccountOut
from portside.carriers.catalogue import carrier_name
from portside.errors import FieldErrors
from portside.kit.clock import to_wire
from portside.kit.ids import Id, as_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels.wire import ACCOUNT_NOT_FOUND, TransactionOut
from portside.manifests.models import Manifest, ManifestStatus, Wanted
from portside.rest.parse import REQUIRED, Moment
from portside.shipments.wire import ADDRESS_NOT_FOUND, ShipmentAddressIn

LONGEST = 10_000
YEARS = range(2000, 2100)


class ManifestIn(msgspec.Struct, kw_only=True):
    """`carrier_account` and `address_from` are required; the older `provider`, e.g. `USPS`, stands for the account.

    Without `transactions`, or with an empty list, all that are eligible are taken. With `async: false` the answer comes
    with the documents.
    """

    shipment_date: Moment
    carrier_account: str = ""
    provider: str = ""
    address_from: ShipmentAddressIn | str | None = None
    transactions: Annotated[list[str], Meta(max_length=LONGEST)] | None = None
    is_async: bool = msgspec.field(name="async", default=True)

    @staticmethod
    def also_required(given: Mapping[str, Any]) -> tuple[str, ...]:
        return ("address_from",) if given.get("provider") else ("carrier_account", "address_from")


class ManifestOut(msgspec.Struct, kw_only=True):
    """`documents` are links to PDFs of at most 500 labels each; `errors` say what the carrier refused."""

    object_created: str
    object_updated: str
    object_id: str
    object_owner: str
    status: ManifestStatus
    provider: str
    carrier_account: CarrierAccountOut | str
    shipment_date: str
    address_from: str
    transactions: list[TransactionOut | str]
    documents: list[str]
    errors: list[str]
    test: bool


def wanted(scope: Scope, given: ManifestIn) -> Wanted:
    """What is asked for. Raises FieldErrors with everything that is missing or wrong."""
    errors: dict[str, Any] = {}
    account_id = as_id(given.carrier_account.strip())
    if given.carrier_account.strip() and account_id is None:
        errors["carrier_account"] = [ACCOUNT_NOT_FOUND]
    elif account_id is None and not given.provider.strip():
        errors["carrier_account"] = [REQUIRED]
    if given.shipment_date.year not in YEARS:
        errors["shipment_date"] = ["This is not a date that parcels can be shipped on."]
    address_id: Id | None = None
    address: AddressDraft | None = None
    try:
        address_id, address = _address(scope, given.address_from)
    except FieldErrors as wrong:
        errors.update(wrong.errors)
    if strangers := [text for text in given.transactions or () if as_id(text) is None]:
        errors["transactions"] = [transaction_error(text, "not found") for text in strangers]
    if errors:
        raise FieldErrors(errors)
    ids = [found for text in given.transactions if (found := as_id(text))] if given.transactions else None
    return Wanted(
        carrier_account_id=account_id,
        provider=given.provider.strip(),
        shipment_date=given.shipment_date,
        address_id=address_id,
        address=address,
        label_ids=None if ids is None else tuple(dict.fromkeys(ids)),
        is_async=given.is_async,
    )


def transaction_error(transaction_id: str, reason: str) -> str:
    """What to tell the caller of one of the transactions."""
    return f"Transaction {transaction_id[:50]} cannot be on this manifest: {reason}."


def manifest_out(manifest: Manifest, scope: Scope) -> ManifestOut:
    return ManifestOut(
        object_created=to_wire(manifest.created_at),
        object_updated=to_wire(manifest.updated_at),
        object_id=manifest.id,
        object_owner=scope.owner,
        status=manifest.status,
        provider=carrier_name(manifest.carrier),
        carrier_account=manifest.carrier_account_id,
        shipment_date=to_wire(manifest.shipment_date),
        address_from=manifest.address_from_id,
        transactions=list(manifest.label_ids),
        documents=[services().file_url(key) for key in manifest.documents],
        errors=list(manifest.errors),
        test=scope.is_test,
    )


def _address(scope: Scope, given: ShipmentAddressIn | str | None) -> tuple[Id | None, AddressDraft | None]:
    """(id, new address): an address as the API returned it has both."""
    if not given or (isinstance(given, str) and not given.strip()):
        raise FieldErrors({"address_from": [REQUIRED]})
    text = given.strip() if isinstance(given, str) else given.object_id
    address_id = as_id(text)
    if isinstance(given, str) or (text and not given.country):
        if address_id is None:
            raise FieldErrors({"address_from": [ADDRESS_NOT_FOUND]})
        return address_id, None
    return address_id, address_draft(scope, given, "address_from")
