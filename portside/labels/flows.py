"""Buying labels: reserve in one transaction, then have the purchase carried out (errands.py) or answer QUEUED."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from portside.accounts.queries import find_user
from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.queries import get_carrier_account
from portside.carriers.catalogue import carrier_name, service_levels
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import AppError, FieldErrors, NotFound
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels import actions, queries, rules, wire
from portside.labels.errands import carry_out, settle_seconds
from portside.labels.models import (
    Buyer,
    Label,
    LabelRequest,
    PurchaseDraft,
    Reservation,
)
from portside.orders.queries import find_order
from portside.rates.models import Message, StoredRate
from portside.rates.queries import get_rate
from portside.rates.rules import has_expired
from portside.rest import idempotency
from portside.shipments.flows import create_and_rate
from portside.shipments.models import StoredShipment
from portside.shipments.queries import get_shipment
from portside.shipments.wire import ShipmentIn

_log = structlog.get_logger(__name__)

T = TypeVar("T")

OPERATION = "transactions.create"

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
        rate, shipment = await _purchasable(tx, scope, rate_id)
        parcels = shipment.details.parcels
        draft = PurchaseDraft(
            id=purchase_id,
            label_ids=tuple(new_id() for _ in parcels),
            rate_id=rate.id,
            parcel_ids=tuple(stored.parcel.id for stored in parcels),
            carrier=rate.carrier,
            order_id=await _order_id(tx, scope, request) or shipment.order_id,
            label_file_type=request.label_file_type,
            metadata=request.metadata,
            answered_queued=request.is_async,
            created_by=await _buyer(tx, scope),
        )
        resume_at = now() + dt.timedelta(seconds=0 if request.is_async else settle_seconds() + 1)
        reservation = await actions.reserve_purchase(tx, scope, draft, resume_at)
        if not reservation.is_new:
            return await _pointed(tx, scope, request, reservation.purchase.id)
        return reservation


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
            label_file_type=request.label_file_type,
            metadata=request.metadata,
            answered_queued=False,
            created_by=await _buyer(tx, scope),
        )
        patience = services().settings.rate_budget_seconds + settle_seconds() + 1
        return await actions.reserve_purchase(tx, scope, draft, now() + dt.timedelta(seconds=patience))


async def _carry_out_instant(
    scope: Scope, purchase_id: Id, given: ShipmentIn, account_id: Id, service_token: str, request: LabelRequest
) -> None:
    given.is_async = False
    try:
        shipment, rates = await create_and_rate(scope, given, accounts=[account_id])
        check_addresses(shipment)
    except AppError as wrong:
        async with begin() as tx:
            await actions.withdraw_purchase(tx, scope, purchase_id)
            if request.idempotency_key:
                await idempotency.release(tx, scope, request.idempotency_key)
        if isinstance(wrong, FieldErrors):
            raise FieldErrors({"shipment": wrong.errors}) from wrong
        raise
    rate = next((rate for rate in rates if rate.service_token == service_token), None)
    async with begin() as tx:
        if rate is None:
            messages = shipment.messages or (_not_offered(await _carrier_of(tx, scope, account_id), service_token),)
            await actions.reject_purchase(tx, scope, purchase_id, messages)
            return
        parcel_ids = [stored.parcel.id for stored in shipment.details.parcels]
        if not await actions.assign_rate(tx, scope, purchase_id, rate, parcel_ids, shipment.order_id):
            return
        if request.is_async:
            await enqueue(tx, actions.buy_job(scope, purchase_id))
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


async def _purchasable(tx: Tx, scope: Scope, rate_id: Id) -> tuple[StoredRate, StoredShipment]:
    """The rate and its shipment. Raises FieldErrors: unknown, too old, or the addresses lack what a label needs."""
    try:
        rate = await get_rate(tx, scope, rate_id)
        shipment = await get_shipment(tx, scope, rate.shipment_id)
    except NotFound as error:
        raise FieldErrors({"rate": [wire.RATE_NOT_FOUND]}) from error
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


async def _order_id(tx: Tx, scope: Scope, request: LabelRequest) -> Id | None:
    if request.order_id is not None and await find_order(tx, scope, request.order_id) is None:
        raise FieldErrors({"order": [wire.ORDER_NOT_FOUND]})
    return request.order_id


async def _carrier_of(tx: Tx, scope: Scope, account_id: Id) -> str:
    return (await get_carrier_account(tx, scope, account_id)).carrier


def _not_offered(carrier: str, service_token: str) -> Message:
    name = carrier_name(carrier)
    return Message(source=name, code="", text=f"{name} does not offer {service_token} for this shipment.")


async def _buyer(tx: Tx, scope: Scope) -> Buyer:
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
        await actions.mark_answered_queued(tx, scope, purchase_id)
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
