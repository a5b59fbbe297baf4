"""Shipments in Shippo's shapes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from portside.addresses.models import Address, AddressDraft
from portside.addresses.wire import AddressIn, NestedAddressOut, address_draft, nested_address_out
from portside.carrier_accounts.wire import CarrierAccountOut
from portside.customs.models import DeclarationDraft, StoredDeclaration
from portside.customs.wire import DeclarationIn, DeclarationOut, ItemIn, declaration_draft, declaration_out
from portside.errors import FieldErrors
from portside.kit.clock import UTC, now, to_wire
from portside.kit.ids import Id, as_id
from portside.kit.scope import Scope
from portside.orders.wire import OrderOut
from portside.parcels.models import ParcelDraft, StoredParcel
from portside.parcels.wire import ParcelIn, ParcelOut, parcel_draft, parcel_out
from portside.rates.models import StoredRate
from portside.rates.wire import MessageOut, RateOut, message_out, rate_out
from portside.rest.parse import REQUIRED, Moment
from portside.rest.window import CreatedWindow
from portside.shipments.extra import normal_extra
from portside.shipments.models import References, ShipmentDraft, ShipmentStatus, StoredShipment, Wanted
from portside.shipments.rules import WIDEST_WINDOW, same_address, same_parcel

T = TypeVar("T")

ADDRESS_NOT_FOUND = "Address with supplied object_id not found."
NO_ACCOUNT = (
    "Invalid account object_id provided '{}'. Please list the available CarrierAccount objects (/v1/carrier_accounts) "
    "to get your valid object_ids."
)


class ShipmentAddressIn(AddressIn, kw_only=True):
    """An address, or one as the API returned it; only then is `country` not required."""

    country: Annotated[str, Meta(max_length=60, description="ISO 3166-1 alpha-2 code or English name.")] = ""
    object_id: str = ""


class ShipmentParcelIn(ParcelIn, kw_only=True):
    """A parcel, or one as the API returned it."""

    object_id: str = ""


class ShipmentIn(msgspec.Struct, kw_only=True):
    """`address_from`, `address_to` and `parcels` are required; addresses, parcels and the customs declaration are ids
    or whole objects. With `async` the answer comes before the rates. Clients of before 2017 send one `parcel`."""

    address_from: ShipmentAddressIn | str | None = None
    address_to: ShipmentAddressIn | str | None = None
    address_return: ShipmentAddressIn | str | None = None
    parcels: list[ShipmentParcelIn | str] | str | None = None
    parcel: ShipmentParcelIn | str | None = None
    customs_declaration: DeclarationIn | str | None = None
    carrier_accounts: list[str] = []
    shipment_date: Moment | None = None
    extra: dict[str, Any] = {}
    metadata: Annotated[str, Meta(max_length=100)] = ""
    order: str | None = None
    is_async: bool = msgspec.field(name="async", default=False)


class ShipmentFilter(CreatedWindow, kw_only=True):
    """The filters of the list, on the time a shipment was created; at most 90 days wide."""


class ShipmentOut(msgspec.Struct, kw_only=True):
    """A shipment with its rates; `messages` say why a carrier has none."""

    carrier_accounts: list[CarrierAccountOut | str]
    object_created: str
    object_updated: str
    object_id: str
    object_owner: str
    status: ShipmentStatus
    address_from: NestedAddressOut
    address_to: NestedAddressOut
    parcels: list[ParcelOut]
    shipment_date: str
    address_return: NestedAddressOut
    alternate_address_to: None
    customs_declaration: DeclarationOut | None
    extra: dict[str, Any]
    rates: list[RateOut]
    messages: list[MessageOut]
    metadata: str
    test: bool
    order: OrderOut | str | None


def check_window(given: ShipmentFilter) -> ShipmentFilter:
    """Raises FieldErrors when the window is too wide."""
    start = given.object_created_gte or given.object_created_gt
    end = given.object_created_lte or given.object_created_lt
    if start and end and end - start > WIDEST_WINDOW:
        field = "object_created_gte" if given.object_created_gte else "object_created_gt"
        raise FieldErrors({field: [f"The range may be at most {WIDEST_WINDOW.days} days."]})
    return given


def wanted(given: ShipmentIn) -> Wanted:
    """What the request names by id."""
    customs = given.customs_declaration
    importer = customs.address_importer if isinstance(customs, DeclarationIn) else None
    addresses = [given.address_from, given.address_to, given.address_return]
    return Wanted(
        addresses=_ids([*addresses, importer if isinstance(importer, str) else None]),
        parcels=_ids(_parcel_list(given)),
        declaration=as_id(customs),
        items=_ids(customs.items) if isinstance(customs, DeclarationIn) else (),
        order=as_id(given.order),
    )


def shipment_draft(scope: Scope, given: ShipmentIn, found: References, most_parcels: int) -> ShipmentDraft:
    """The draft of a new shipment. Raises FieldErrors with everything that is missing, unknown or wrong."""
    errors: dict[str, Any] = {}

    def tried(make: Callable[[], T]) -> T | None:
        try:
            return make()
        except FieldErrors as wrong:
            errors.update(wrong.errors)
            return None

    origin = tried(lambda: _address(scope, "address_from", given.address_from, found))
    target = tried(lambda: _address(scope, "address_to", given.address_to, found))
    back = (
        tried(lambda: _address(scope, "address_return", given.address_return, found))
        if given.address_return
        else origin
    )
    parcels = tried(lambda: _parcels(scope, _parcel_list(given), found, most_parcels))
    customs = tried(lambda: _customs(scope, given.customs_declaration, found))
    account_ids = tried(lambda: _account_ids(given.carrier_accounts, found))
    order_id = tried(lambda: _order_id(given.order, found))
    extra = tried(lambda: normal_extra(given.extra))
    date = tried(lambda: _date(given.shipment_date))
    if errors or origin is None or target is None or back is None or parcels is None or date is None:
        raise FieldErrors(errors)
    new = {draft.address.id: draft for draft in (origin, target, back) if isinstance(draft, AddressDraft)}
    return ShipmentDraft(
        scope=scope,
        address_from=_plain(origin),
        address_to=_plain(target),
        address_return=_plain(back),
        new_addresses=tuple(new.values()),
        parcels=parcels,
        customs=customs,
        carrier_account_ids=account_ids or (),
        order_id=order_id,
        shipment_date=date,
        extra=extra or {},
        metadata=given.metadata,
    )


def shipment_out(shipment: StoredShipment, rates: Sequence[StoredRate], scope: Scope) -> ShipmentOut:
    details = shipment.details
    return ShipmentOut(
        carrier_accounts=list(shipment.carrier_account_ids),
        object_created=to_wire(shipment.created_at),
        object_updated=to_wire(shipment.updated_at),
        object_id=shipment.id,
        object_owner=scope.owner,
        status=shipment.status,
        address_from=nested_address_out(details.address_from, test=scope.is_test),
        address_to=nested_address_out(details.address_to, test=scope.is_test),
        parcels=[parcel_out(parcel, scope) for parcel in details.parcels],
        shipment_date=to_wire(shipment.shipment_date),
        address_return=nested_address_out(details.address_return, test=scope.is_test),
        alternate_address_to=None,
        customs_declaration=declaration_out(details.customs, scope) if details.customs else None,
        extra=details.extra,
        # Rates that are just being written belong to a shipment that is no longer QUEUED.
        rates=[] if shipment.status == "QUEUED" else [rate_out(rate, scope) for rate in rates],
        messages=[message_out(message) for message in shipment.messages],
        metadata=shipment.metadata,
        test=scope.is_test,
        order=shipment.order_id,
    )


def _parcel_list(given: ShipmentIn) -> list[ShipmentParcelIn | str]:
    """A lone parcel counts as a list of one."""
    parcels = given.parcels or given.parcel or []
    if isinstance(parcels, str):
        return [parcels] if parcels.strip() else []
    return parcels if isinstance(parcels, list) else [parcels]


def _ids(given: Sequence[ShipmentAddressIn | ShipmentParcelIn | ItemIn | str | None]) -> tuple[Id, ...]:
    texts = (value if isinstance(value, str) or value is None else value.object_id for value in given)
    return tuple(dict.fromkeys(found for text in texts if (found := as_id(text)) is not None))


def _plain(given: Address | AddressDraft) -> Address:
    return given.address if isinstance(given, AddressDraft) else given


def _address(
    scope: Scope, field: str, given: ShipmentAddressIn | str | None, found: References
) -> Address | AddressDraft:
    if not given or (isinstance(given, str) and not given.strip()):
        raise FieldErrors({field: [REQUIRED]})
    text = given if isinstance(given, str) else given.object_id
    stored = found.addresses.get(as_id(text) or "")
    if isinstance(given, str) or (text and not given.country):
        if stored is None:
            raise FieldErrors({field: [ADDRESS_NOT_FOUND]})
        return stored.address
    draft = address_draft(scope, given, field)
    # Sent back as it was returned it is the same address; changed in any way it is a new one.
    return stored.address if stored and same_address(stored.address, draft.address) else draft


def _parcels(
    scope: Scope, given: Sequence[ShipmentParcelIn | str], found: References, most: int
) -> tuple[StoredParcel | ParcelDraft, ...]:
    if not given:
        raise FieldErrors({"parcels": [REQUIRED]})
    if len(given) > most:
        raise FieldErrors({"parcels": [f"A shipment may have at most {most} parcels."]})
    parcels: list[StoredParcel | ParcelDraft] = []
    unknown: list[str] = []
    errors: dict[int, Any] = {}
    for index, item in enumerate(given):
        stored = found.parcels.get(as_id(item if isinstance(item, str) else item.object_id) or "")
        if isinstance(item, str):
            if stored is None:
                unknown.append(f"Parcel with supplied object_id {item[:50]} not found.")
            else:
                parcels.append(stored)
            continue
        try:
            draft = parcel_draft(scope, item)
        except FieldErrors as wrong:
            errors[index] = wrong.errors
        else:
            parcels.append(stored if stored and same_parcel(stored.parcel, draft.parcel) else draft)
    if unknown or errors:
        raise FieldErrors({"parcels": unknown or [errors.get(index, {}) for index in range(len(given))]})
    return tuple(parcels)


def _customs(
    scope: Scope, given: DeclarationIn | str | None, found: References
) -> StoredDeclaration | DeclarationDraft | None:
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if isinstance(given, str):
        if found.declaration is None:
            text = f"CustomsDeclaration with supplied object_id {given[:50]} not found."
            raise FieldErrors({"customs_declaration": [text]})
        return found.declaration
    draft = declaration_draft(scope, given, "customs_declaration")
    errors: dict[str, list[str]] = {}
    known = found.item_ids | {new.item.id for new in draft.new_items}
    if missing := [item_id for item_id in draft.declaration.item_ids if item_id not in known]:
        errors["items"] = [f"CustomsItem with supplied object_id {item_id} not found." for item_id in missing]
    importer_id = draft.declaration.importer_id
    if importer_id and draft.new_importer is None and importer_id not in found.addresses:
        errors["address_importer"] = [ADDRESS_NOT_FOUND]
    if errors:
        raise FieldErrors({"customs_declaration": [errors]})
    return draft


def _account_ids(given: Sequence[str], found: References) -> tuple[Id, ...]:
    ids = []
    for text in given:
        account_id = as_id(text)
        if account_id is None or account_id not in found.account_ids:
            raise FieldErrors({"carrier_accounts": [NO_ACCOUNT.format(text[:50])]})
        ids.append(account_id)
    return tuple(dict.fromkeys(ids))


def _order_id(given: str | None, found: References) -> Id | None:
    if given is None or not given.strip():
        return None
    if not found.has_order:
        raise FieldErrors({"order": ["Order with supplied object_id not found."]})
    return as_id(given)


def _date(given: dt.datetime | None) -> dt.datetime:
    """Now when absent; the zero time of some languages, year 1, means absent too."""
    if given is None or given.year <= 1:
        return now()
    try:
        moment = given.astimezone(UTC)
    except OverflowError as error:
        raise FieldErrors({"shipment_date": ["This is not a date that a parcel can be shipped on."]}) from error
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
