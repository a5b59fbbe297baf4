"""Booking pickups and calling them off: the wish (tx), the carrier's call (no tx), the outcome (tx).

Each function may be the last one this process ever runs: the job that was queued with the wish carries it on, and the
carrier, asked again by the same reference, gives the booking that exists.
"""

from __future__ import annotations

import datetime as dt

import structlog

from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.queries import get_carrier_account
from portside.carrier_accounts.rules import credentials
from portside.carriers import client
from portside.carriers.catalogue import carrier_name
from portside.carriers.contract import CallContext, PickupRequest
from portside.carriers.errors import CarrierError
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import BadRequest, FieldErrors, NotFound
from portside.jobs.models import Postponed
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels.queries import find_labels
from portside.labels.wire import ACCOUNT_NOT_FOUND
from portside.pickups import actions, queries, rules, wire
from portside.pickups.models import Pickup, PickupDraft, Wanted
from portside.rates.queries import find_rates_by_id
from portside.shipments.rules import party

_log = structlog.get_logger(__name__)


async def book_pickup(scope: Scope, wanted: Wanted) -> Pickup:
    """A pickup with the carrier's answer; PENDING when it could not be asked. Raises FieldErrors."""
    pickup_id = new_id()
    async with begin() as tx:
        account = await _account(tx, scope, wanted)
        await _check_labels(tx, scope, wanted)
        draft = PickupDraft(id=pickup_id, carrier=account.carrier, wanted=wanted)
        await actions.create_pickup(tx, scope, draft, now() + dt.timedelta(seconds=_claim_seconds()))
    return await _now(scope, pickup_id)


async def cancel_pickup(scope: Scope, pickup_id: Id) -> Pickup:
    """The pickup, called off; as it was if the carrier could not be asked, which is repeated. Raises NotFound,
    BadRequest: the carrier does not agree, or there is nothing to call off."""
    async with begin() as tx:
        pickup = await queries.get_pickup(tx, scope, pickup_id, lock=True)
        if pickup.status == "CANCELLED":
            return pickup
        if pickup.status == "ERROR":
            raise BadRequest("A pickup with status ERROR cannot be cancelled: nobody comes.")
        await actions.request_cancel(tx, scope, pickup_id, now() + dt.timedelta(seconds=_claim_seconds()))
    pickup = await _now(scope, pickup_id)
    if pickup.status == "CONFIRMED" and pickup.cancel_requested_at is None:
        raise BadRequest(pickup.messages[-1] if pickup.messages else "The carrier does not agree.")
    return pickup


async def carry_out(scope: Scope, pickup_id: Id) -> None:
    """Ask the carrier for whatever is wanted of it, if nobody else is doing so. Raises Postponed until it has
    answered."""
    async with begin() as tx:
        pickup = await actions.claim_pickup(tx, scope, pickup_id, _claim_seconds())
    if pickup is None:
        async with reading() as tx:
            pickup = await queries.get_pickup(tx, scope, pickup_id)
        if pickup.is_open:
            raise Postponed(max((pickup.next_try_at - now()).total_seconds(), 1.0))
        return
    if pickup.status == "PENDING":
        confirmed = await _book(scope, pickup)
        if confirmed is None or confirmed.cancel_requested_at is None:
            return
        pickup = confirmed
    await _cancel(scope, pickup)


async def _now(scope: Scope, pickup_id: Id) -> Pickup:
    """Carry it out here, or leave it to its job."""
    try:
        await carry_out(scope, pickup_id)
    except Postponed:
        _log.info("pickup_left_to_its_job", pickup=pickup_id)
    async with reading() as tx:
        return await queries.get_pickup(tx, scope, pickup_id)


async def _book(scope: Scope, pickup: Pickup) -> Pickup | None:
    context = await _context(scope, pickup)
    async with reading() as tx:
        labels = await find_labels(tx, scope, pickup.label_ids)
    place = pickup.details
    request = PickupRequest(
        reference=pickup.id,
        ship_from=party(place.address),
        spot=place.location,
        building=place.building or "",
        instructions=place.instructions,
        start=pickup.requested_start_at,
        end=pickup.requested_end_at,
        tracking_numbers=tuple(labels[label_id].tracking_number or "" for label_id in pickup.label_ids),
    )
    try:
        booking = await client.book_pickup(pickup.carrier, request, context)
    except CarrierError as failure:
        messages = [_text(pickup, failure)]
        await _put_off_if_passing(scope, pickup, failure, pickup.created_at, messages)
        async with begin() as tx:
            await actions.reject_pickup(tx, scope, pickup.id, messages)
        return None
    async with begin() as tx:
        return await actions.confirm_pickup(tx, scope, pickup.id, booking)


async def _cancel(scope: Scope, pickup: Pickup) -> None:
    assert pickup.booking is not None
    context = await _context(scope, pickup)
    try:
        await client.cancel_pickup(pickup.carrier, pickup.booking.confirmation_code, context)
    except CarrierError as failure:
        messages = [*pickup.booking.messages, f"It was not cancelled. {_text(pickup, failure)}"]
        await _put_off_if_passing(scope, pickup, failure, pickup.cancel_requested_at or now(), messages)
        async with begin() as tx:
            await actions.refuse_cancel(tx, scope, pickup.id, messages)
        return
    async with begin() as tx:
        await actions.cancel_pickup(tx, scope, pickup.id)


async def _put_off_if_passing(
    scope: Scope, pickup: Pickup, failure: CarrierError, since: dt.datetime, messages: list[str]
) -> None:
    """Raises Postponed when the carrier may answer otherwise later, in time."""
    moment = now()
    is_passing = failure.retryable or failure.kind == "timeout_unknown"
    if not is_passing or rules.is_too_late(pickup, moment):
        return
    pause = rules.next_pause(since, moment)
    _log.warning("pickup_put_off", pickup=pickup.id, carrier=pickup.carrier, text=failure.text)
    async with begin() as tx:
        await actions.put_off_pickup(tx, scope, pickup.id, pause, messages)
    raise Postponed(pause)


async def _context(scope: Scope, pickup: Pickup) -> CallContext:
    async with reading() as tx:
        account = await get_carrier_account(tx, scope, pickup.carrier_account_id)
    return CallContext(credentials=credentials(account), timeout=services().settings.buy_deadline_seconds)


async def _account(tx: Tx, scope: Scope, wanted: Wanted) -> CarrierAccount:
    """The carrier account. Raises FieldErrors: there is none, its carrier does not come, or not to that spot."""
    try:
        account = await get_carrier_account(tx, scope, wanted.carrier_account_id)
    except NotFound as error:
        raise FieldErrors({"carrier_account": [ACCOUNT_NOT_FOUND]}) from error
    name = carrier_name(account.carrier)
    if not client.can(account.carrier, "pickup"):
        raise FieldErrors({"carrier_account": [f"{name} offers no pickups. USPS and DHL Express accounts do."]})
    if not rules.comes_to(account.carrier, wanted.place.location):
        text = f"Only DHL Express picks up at '{wanted.place.location}'."
        raise FieldErrors({"location": [{"building_location_type": [text]}]})
    return account


async def _check_labels(tx: Tx, scope: Scope, wanted: Wanted) -> None:
    """Raises FieldErrors naming the labels that cannot be fetched."""
    labels = await find_labels(tx, scope, wanted.label_ids)
    rates = await find_rates_by_id(tx, scope, [label.rate_id for label in labels.values() if label.rate_id])
    account_of = {rate.id: rate.carrier_account_id for rate in rates.values()}
    reasons = {
        each: rules.why_not(labels.get(each), wanted.carrier_account_id, account_of) for each in wanted.label_ids
    }
    if wrong := [wire.transaction_error(each, reason) for each, reason in reasons.items() if reason]:
        raise FieldErrors({"transactions": wrong})


def _text(pickup: Pickup, failure: CarrierError) -> str:
    return f"{carrier_name(pickup.carrier)}: {failure.text}"


def _claim_seconds() -> float:
    """Longer than a booking and its cancelling may take; the carrier's client may call twice within its patience."""
    return 4 * services().settings.buy_deadline_seconds + 5
