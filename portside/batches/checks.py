"""Looking at the rows of a batch: each gets a shipment, and a new rate of its one service (law 4).

A portion of rows is looked at as a whole: one transaction makes the shipments, one writes what the carriers answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from portside.addresses.flows import prepare_validation
from portside.batches import actions, wire
from portside.batches.models import Batch, Received, Row, RowState, Verdict
from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.queries import list_active
from portside.carriers.catalogue import carrier_name
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import AppError, BadRequest, FieldErrors
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels.rules import address_errors
from portside.rates.actions import save_rates
from portside.rates.flows import shop
from portside.rates.models import Message, Offers
from portside.shipments.actions import complete_ratings, create_shipments
from portside.shipments.models import ShipmentDraft, StoredShipment
from portside.shipments.queries import find_references, find_shipments
from portside.shipments.rules import rate_query
from portside.shipments.wire import ShipmentIn, shipment_draft, wanted
from portside.terms.models import Terms
from portside.terms.queries import find_terms
from portside.terms.rules import why_not

# So many carrier calls at once for one batch.
_AT_ONCE = 16


class _Check(msgspec.Struct, kw_only=True):
    """A row on its way to a rate. `is_ours`: the shipment was made for this row and for nothing else."""

    row: Row
    given: str
    account: CarrierAccount | None
    service_token: str
    state: RowState = "valid"
    messages: tuple[dict[str, Any], ...] = ()
    shipment: StoredShipment | None = None
    is_ours: bool = False
    offers: Offers | None = None
    rate_id: Id | None = None

    def refuse(self, state: RowState, *messages: dict[str, Any]) -> None:
        self.state, self.messages = state, messages

    def verdict(self) -> Verdict:
        return Verdict(
            row=self.row,
            state=self.state,
            shipment_id=self.shipment.id if self.shipment else None,
            rate_id=self.rate_id,
            messages=self.messages,
        )


async def look_at(scope: Scope, batch: Batch, received: Sequence[Received]) -> Batch:
    """Look at a portion of rows; gives the batch as it is then. May be repeated after a crash: a row keeps its
    shipment."""
    ids = {each.row.carrier_account_id or batch.carrier_account_id for each in received}
    async with reading() as tx:
        accounts = {account.id: account for account in await list_active(tx, scope, list(ids))}
        terms = await find_terms(tx, scope)
    checks = [_check(batch, each, accounts) for each in received]
    await _give_shipments(scope, batch, [check for check in checks if check.state == "valid"])
    await _ask_carriers([check for check in checks if check.shipment is not None], terms)
    async with begin() as tx:
        await _save_rates(tx, scope, checks)
        return await actions.judge_rows(tx, scope, batch.id, [check.verdict() for check in checks])


def _check(batch: Batch, received: Received, accounts: Mapping[Id, CarrierAccount]) -> _Check:
    row = received.row
    check = _Check(
        row=row,
        given=received.given,
        account=accounts.get(row.carrier_account_id or batch.carrier_account_id),
        service_token=row.service_token or batch.service_token,
    )
    if check.account is None:
        check.refuse("invalid", {"carrier_account": [wire.INACTIVE]})
    return check


async def _give_shipments(scope: Scope, batch: Batch, checks: Sequence[_Check]) -> None:
    """Find the shipments that exist, and make the others in one transaction with the note that they are made."""
    named: dict[Id, list[_Check]] = {}
    new: list[tuple[_Check, ShipmentIn]] = []
    for check in checks:
        try:
            given = wire.shipment_in(check.given)
        except AppError as wrong:
            check.refuse("invalid", wire.about_shipment(wrong))
            continue
        check.is_ours = isinstance(given, ShipmentIn)
        if isinstance(given, ShipmentIn) and check.row.shipment_id is None:
            await prepare_validation(given.address_from, given.address_to, given.address_return)
            new.append((check, given))
        else:
            named.setdefault(check.row.shipment_id or Id(str(given)), []).append(check)
    async with begin() as tx:
        found = await find_shipments(tx, scope, list(named))
        for shipment_id, asking in named.items():
            for check in asking:
                check.shipment = found.get(shipment_id)
                if check.shipment is None:
                    check.refuse("invalid", wire.about_shipment(BadRequest(wire.SHIPMENT_NOT_FOUND)))
        await _make_shipments(tx, scope, batch, new)


async def _make_shipments(tx: Tx, scope: Scope, batch: Batch, new: Sequence[tuple[_Check, ShipmentIn]]) -> None:
    drafts: list[tuple[_Check, ShipmentDraft]] = []
    for check, given in new:
        assert check.account is not None
        given.carrier_accounts = [check.account.id]
        found = await find_references(tx, scope, wanted(given), [check.account])
        try:
            drafts.append((check, shipment_draft(scope, given, found, services().settings.max_parcels)))
        except FieldErrors as wrong:
            check.refuse("invalid", wire.about_shipment(wrong))
    made = await create_shipments(tx, [draft for _, draft in drafts])
    for (check, _), shipment in zip(drafts, made, strict=True):
        check.shipment = shipment
    ids = {check.row.id: shipment.id for (check, _), shipment in zip(drafts, made, strict=True)}
    await actions.set_shipments(tx, scope, batch.id, ids)


async def _ask_carriers(checks: Sequence[_Check], terms: Terms | None) -> None:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def ask(check: _Check) -> None:
        assert check.shipment is not None and check.account is not None
        details = check.shipment.details
        if errors := address_errors(address_from=details.address_from, address_to=details.address_to):
            check.refuse("incomplete", wire.about_shipment(FieldErrors(errors)))
            check.offers = Offers(offers=(), messages=(), currency_local=None)
            return
        async with slots:
            query = rate_query(check.shipment)
            offers = await shop(query, [check.account], services().settings.rate_budget_seconds, terms=terms)
        check.offers = _only(offers, check, terms)

    await asyncio.gather(*map(ask, checks))


def _only(offers: Offers, check: _Check, terms: Terms | None) -> Offers:
    """What was offered of the row's service; a row of which nothing was offered is invalid and says why."""
    kept = tuple(offer for offer in offers.offers if offer.quote.service_token == check.service_token)
    messages = offers.messages
    if not kept:
        name = carrier_name(check.account.carrier) if check.account else ""
        text = f"{name} does not offer {check.service_token} for this shipment."
        barred = why_not(terms, check.account.carrier, check.service_token) if check.account else None
        missing = Message(source=name, code="", text=barred or text)
        messages = messages or (missing,)
        check.refuse("invalid", *[msgspec.to_builtins(message) for message in messages])
    return msgspec.structs.replace(offers, offers=kept, messages=messages)


async def _save_rates(tx: Tx, scope: Scope, checks: Sequence[_Check]) -> None:
    """Write the rates; a shipment that somebody else has rated meanwhile, or that is not ours, gets one more."""
    asked = [(check, check.shipment, check.offers) for check in checks if check.shipment and check.offers]
    ours = {shipment.id: offers for check, shipment, offers in asked if check.is_ours}
    rated = await complete_ratings(tx, scope, ours)
    for check, shipment, offers in asked:
        rates = rated.get(shipment.id) if check.is_ours else None
        if rates is None:
            rates = await save_rates(tx, scope, shipment.id, offers)
        check.rate_id = rates[0].id if rates else None
