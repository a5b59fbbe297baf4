"""Buying labels: reserve in one transaction, then have the purchase carried out (errands.py) or answer QUEUED."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Coroutine, Sequence
from typing import Any, TypeAlias, TypeVar

import structlog

from portside.accounts.queries import find_user
from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.queries import get_carrier_account
from portside.carriers.catalogue import carrier_name, service_levels
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import AppError, FieldErrors, NotFound
from portside.jobs.models import Postponed
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels import actions, queries, reservations, rules, wire
from portside.labels.errands import carry_out, carry_out_all, resume, settle_seconds
from portside.labels.models import (
    DEFAULT_FILE_TYPE,
    Buyer,
    Label,
    LabelFileType,
    LabelRequest,
    LabelWish,
    PurchaseDraft,
    Reservation,
)
from portside.orders.queries import find_order
from portside.rates.models import Message, StoredRate
from portside.rates.queries import find_rates_by_id, get_rate
from portside.rates.rules import has_expired
from portside.rest import idempotency
from portside.shipments.flows import create_and_rate
from portside.shipments.models import StoredShipment
from portside.shipments.queries import find_shipments
from portside.shipments.wire import ShipmentIn
from portside.terms.queries import find_terms
from portside.terms.rules import why_not

_log = structlog.get_logger(__name__)

T = TypeVar("T")
Rated: TypeAlias = "tuple[StoredRate, StoredShipment]"

OPERATION = "transactions.create"

# Of many purchases so many are sent and written together, and so many such groups are under way at once.
_TOGETHER = 10
_GROUPS = 2

# Purchases outlive the requests that began them.
_under_way: set[asyncio.Task[Any]] = set()


async def buy_label(scope: Scope, rate_id: Id, request: LabelRequest) -> tuple[Label, ...]:
    """The labels of a rate, the master first: bought now, or before if this rate was bought already.

    A refusal is a label in ERROR; an outcome that is still open is one that is QUEUED. Raises FieldErrors, Conflict.
    """
    reservation = await _reserve(scope, rate_id, request)
    purchase_id = reservation.purchase.id
    if reservation.is_new and request.is_async:
        return reservation.labels
    if reservation.is_new:
        await _to_the_end(carry_out(scope, purchase_id))
    return await _outcome(scope, purchase_id, wait=not (reservation.is_new or request.is_async))


async def buy_instantly(
    scope: Scope, given: ShipmentIn, account_id: Id, service_token: str, request: LabelRequest
) -> tuple[tuple[Label, ...], StoredRate | None]:
    """An Instalabel: a shipment made and rated for one service of one carrier account, and its labels.

    The rate is None when there was none: the label is then in ERROR. Raises FieldErrors, Conflict.
    """
    reservation = await _reserve_instant(scope, account_id, service_token, request)
    purchase_id = reservation.purchase.id
    if reservation.is_new:
        await _to_the_end(_carry_out_instant(scope, purchase_id, given, account_id, service_token, request))
    labels = await _outcome(scope, purchase_id, wait=not (reservation.is_new or request.is_async))
    rate_id = labels[0].rate_id
    if rate_id is None:
        return labels, None
    async with reading() as tx:
        return labels, await get_rate(tx, scope, rate_id)


async def _reserve(scope: Scope, rate_id: Id, request: LabelRequest) -> Reservation:
    purchase_id = new_id()
    async with begin() as tx:
        known = await _claimed(tx, scope, request, purchase_id)
        if known is not None:
            return known
        existing = await queries.find_purchase_of_rate(tx, scope, rate_id)
        if existing is not None:
            return await _pointed(tx, scope, request, existing.id)
        wish = LabelWish(
            purchase_id=purchase_id,
            rate_id=rate_id,
            label_file_type=await file_type(tx, scope, request.label_file_type),
            metadata=request.metadata,
            order_id=await _order_id(tx, scope, request),
        )
        rated = _purchasable((await _rated(tx, scope, [rate_id])).get(rate_id))
        draft = _draft(wish, rated, await buyer(tx, scope), answered_queued=request.is_async)
        resume_at = now() + dt.timedelta(seconds=0 if request.is_async else settle_seconds() + 1)
        reservation = await reservations.reserve_purchase(tx, scope, draft, resume_at)
        if not reservation.is_new:
            return await _pointed(tx, scope, request, reservation.purchase.id)
        return reservation


async def buy_all(scope: Scope, wishes: Sequence[LabelWish], by: Buyer) -> dict[Id, Reservation | AppError]:
    """Buy labels of many rates; gives by purchase id what stands there then, or why the rate cannot be bought.

    May be repeated: what was begun is carried on, what was bought is bought, and a purchase whose outcome is open stays
    `reserved` until its carrier may be asked and has answered. A rate that another purchase holds answers with that.
    """
    stands, refused = await _reserve_all(scope, wishes, by)
    held = list(set(stands.values()))
    async with reading() as tx:
        found = await queries.find_reservations(tx, scope, held)
    open_ones = [each.purchase for each in found.values() if each.purchase.state == "reserved"]
    fresh = [purchase.id for purchase in open_ones if purchase.sent_at is None]
    await _in_groups(scope, [fresh[start : start + _TOGETHER] for start in range(0, len(fresh), _TOGETHER)])
    for purchase in open_ones:
        if purchase.sent_at is not None:
            with contextlib.suppress(Postponed):
                await resume(scope, purchase.id)
    async with reading() as tx:
        found = await queries.find_reservations(tx, scope, held)
    return {**{wished: found[purchase_id] for wished, purchase_id in stands.items()}, **refused}


async def _in_groups(scope: Scope, groups: Sequence[Sequence[Id]]) -> None:
    """Carry purchases out, two groups at a time: while one waits for its carrier, the other is written down."""
    slots = asyncio.Semaphore(_GROUPS)

    async def one(group: Sequence[Id]) -> None:
        async with slots:
            await carry_out_all(scope, group)

    # None is cut off because another one failed: the carrier may be selling just then.
    ends = await asyncio.gather(*map(one, groups), return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end


async def _reserve_all(
    scope: Scope, wishes: Sequence[LabelWish], by: Buyer
) -> tuple[dict[Id, Id], dict[Id, Reservation | AppError]]:
    """By wished purchase id: the id of the purchase that holds the rate; and why there is none."""
    refused: dict[Id, Reservation | AppError] = {}
    async with begin() as tx:
        known = await queries.find_reservations(tx, scope, [wish.purchase_id for wish in wishes])
        fresh = [wish for wish in wishes if wish.purchase_id not in known]
        rated = await _rated(tx, scope, [wish.rate_id for wish in fresh])
        drafts = []
        for wish in fresh:
            try:
                drafts.append(_draft(wish, _purchasable(rated.get(wish.rate_id)), by))
            except FieldErrors as wrong:
                refused[wish.purchase_id] = wrong
        new = await reservations.reserve_purchases(tx, scope, drafts)
        stands = {purchase_id: purchase_id for purchase_id in [*known, *new]}
        for draft in drafts:
            if draft.id not in stands and (rival := await queries.find_rival(tx, scope, draft)) is not None:
                stands[draft.id] = rival.id
    return stands, refused


def _draft(wish: LabelWish, rated: Rated, by: Buyer, *, answered_queued: bool = False) -> PurchaseDraft:
    rate, shipment = rated
    parcels = shipment.details.parcels
    return PurchaseDraft(
        id=wish.purchase_id,
        label_ids=tuple(new_id() for _ in parcels),
        rate_id=rate.id,
        parcel_ids=tuple(stored.parcel.id for stored in parcels),
        carrier=rate.carrier,
        order_id=wish.order_id or shipment.order_id,
        label_file_type=wish.label_file_type,
        metadata=wish.metadata,
        answered_queued=answered_queued,
        created_by=by,
    )


async def _reserve_instant(scope: Scope, account_id: Id, service_token: str, request: LabelRequest) -> Reservation:
    """Reserve before there is even a shipment, so that a repeated request finds it and makes no second one."""
    purchase_id = new_id()
    async with begin() as tx:
        account = await _account_with(tx, scope, account_id, service_token)
        known = await _claimed(tx, scope, request, purchase_id)
        if known is not None:
            return known
        draft = PurchaseDraft(
            id=purchase_id,
            label_ids=(new_id(),),
            rate_id=None,
            parcel_ids=(None,),
            carrier=account.carrier,
            order_id=await _order_id(tx, scope, request),
            label_file_type=await file_type(tx, scope, request.label_file_type),
            metadata=request.metadata,
            answered_queued=False,
            created_by=await buyer(tx, scope),
        )
        patience = services().settings.rate_budget_seconds + settle_seconds() + 1
        return await reservations.reserve_purchase(tx, scope, draft, now() + dt.timedelta(seconds=patience))


async def _carry_out_instant(
    scope: Scope, purchase_id: Id, given: ShipmentIn, account_id: Id, service_token: str, request: LabelRequest
) -> None:
    given.is_async = False
    try:
        shipment, rates = await create_and_rate(scope, given, accounts=[account_id])
        check_addresses(shipment)
    except AppError as wrong:
        async with begin() as tx:
            await reservations.withdraw_purchase(tx, scope, purchase_id)
            if request.idempotency_key:
                await idempotency.release(tx, scope, request.idempotency_key)
        if isinstance(wrong, FieldErrors):
            raise FieldErrors({"shipment": [wrong.errors]}) from wrong
        raise
    rate = next((rate for rate in rates if rate.service_token == service_token), None)
    async with begin() as tx:
        if rate is None:
            messages = shipment.messages or (await _not_offered(tx, scope, account_id, service_token),)
            await actions.reject_purchases(tx, scope, {purchase_id: messages})
            return
        parcel_ids = [stored.parcel.id for stored in shipment.details.parcels]
        if not await reservations.assign_rate(tx, scope, purchase_id, rate, parcel_ids, shipment.order_id):
            return
        if request.is_async:
            await enqueue(tx, reservations.buy_job(scope, purchase_id))
            return
    await carry_out(scope, purchase_id)


async def _claimed(tx: Tx, scope: Scope, request: LabelRequest, purchase_id: Id) -> Reservation | None:
    """What the request's Idempotency-Key points to already. Raises Conflict."""
    if not request.idempotency_key:
        return None
    key = request.idempotency_key
    known = await idempotency.claim(tx, scope, key, OPERATION, request.body, purchase_id)
    return None if known is None else await queries.get_reservation(tx, scope, known)


async def _pointed(tx: Tx, scope: Scope, request: LabelRequest, purchase_id: Id) -> Reservation:
    """The purchase that exists for the rate; the request's key, if it has one, points to it from now on."""
    if request.idempotency_key:
        await idempotency.point_to(tx, scope, request.idempotency_key, purchase_id)
    return await queries.get_reservation(tx, scope, purchase_id)


async def _rated(tx: Tx, scope: Scope, rate_ids: Sequence[Id]) -> dict[Id, Rated]:
    """Those of the rates that exist with their shipments, by id."""
    rates = await find_rates_by_id(tx, scope, rate_ids)
    shipments = await find_shipments(tx, scope, [rate.shipment_id for rate in rates.values()])
    return {each.id: (each, shipments[each.shipment_id]) for each in rates.values() if each.shipment_id in shipments}


def _purchasable(found: Rated | None) -> Rated:
    """Raises FieldErrors: the rate is unknown or too old, or the addresses lack what a label needs."""
    if found is None:
        raise FieldErrors({"rate": [wire.RATE_NOT_FOUND]})
    rate, shipment = found
    if has_expired(rate.created_at, now()):
        raise FieldErrors({"rate": ["Rate has expired. Rates can be bought for 7 days; create a new shipment."]})
    check_addresses(shipment)
    return rate, shipment


def check_addresses(shipment: StoredShipment) -> None:
    """Raises FieldErrors naming each field that a label needs and an address lacks."""
    details = shipment.details
    errors = rules.address_errors(address_from=details.address_from, address_to=details.address_to)
    if errors:
        raise FieldErrors(errors)


async def _account_with(tx: Tx, scope: Scope, account_id: Id, service_token: str) -> CarrierAccount:
    try:
        account = await get_carrier_account(tx, scope, account_id)
    except NotFound as error:
        raise FieldErrors({"carrier_account": [wire.ACCOUNT_NOT_FOUND]}) from error
    if not account.active:
        raise FieldErrors({"carrier_account": ["This carrier account is not active."]})
    if service_token not in {service.token for service in service_levels(account.carrier)}:
        shown = f"{carrier_name(account.carrier)} has no service level '{service_token[:60]}'."
        raise FieldErrors({"servicelevel_token": [shown]})
    return account


async def file_type(tx: Tx, scope: Scope, wanted: LabelFileType | None) -> LabelFileType:
    """The format of a label: what is wanted, else what the account's terms say, else what most printers take."""
    if wanted is not None:
        return wanted
    terms = await find_terms(tx, scope)
    return DEFAULT_FILE_TYPE if terms is None else terms.label_format or DEFAULT_FILE_TYPE


async def _order_id(tx: Tx, scope: Scope, request: LabelRequest) -> Id | None:
    if request.order_id is not None and await find_order(tx, scope, request.order_id) is None:
        raise FieldErrors({"order": [wire.ORDER_NOT_FOUND]})
    return request.order_id


async def _not_offered(tx: Tx, scope: Scope, account_id: Id, service_token: str) -> Message:
    carrier = (await get_carrier_account(tx, scope, account_id)).carrier
    name = carrier_name(carrier)
    barred = why_not(await find_terms(tx, scope), carrier, service_token)
    return Message(source=name, code="", text=barred or f"{name} does not offer {service_token} for this shipment.")


async def buyer(tx: Tx, scope: Scope) -> Buyer:
    """Who buys: the caller, by name if it is a person."""
    actor = str(scope.actor)
    user = await find_user(tx, Id(scope.actor.id)) if scope.actor.kind == "user" else None
    if user is None:
        return Buyer(actor=actor)
    first, _, last = user.name.partition(" ")
    return Buyer(actor=actor, username=user.email, first_name=first, last_name=last)


async def _outcome(scope: Scope, purchase_id: Id, *, wait: bool) -> tuple[Label, ...]:
    """The labels as they are to be shown; with `wait`, not before another caller's purchase has come to its end."""
    loop = asyncio.get_running_loop()
    until = loop.time() + (services().settings.buy_deadline_seconds if wait else 0)
    pause = 0.02
    while loop.time() < until:
        async with reading() as tx:
            purchase = await queries.get_purchase(tx, scope, purchase_id)
        if purchase.state != "reserved" or purchase.flagged_at is not None:
            break
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.5)
    async with begin() as tx:
        await reservations.mark_answered_queued(tx, scope, purchase_id)
        return await queries.labels_of_purchase(tx, scope, purchase_id)


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Wait for work that goes on though the waiting request is cancelled."""
    task = asyncio.ensure_future(work)
    _under_way.add(task)
    task.add_done_callback(_ended)
    return await asyncio.shield(task)


def _ended(task: asyncio.Task[Any]) -> None:
    _under_way.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.info("purchase_interrupted", error=repr(error))
