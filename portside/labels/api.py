"""/transactions"""

from __future__ import annotations

from collections.abc import Sequence

from portside.db.begin import reading
from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.labels import flows, queries, wire
from portside.orders.api import orders_by_id
from portside.parcels.api import parcels_by_id
from portside.rates.api import rates_by_id
from portside.rest.endpoint import Call, endpoint
from portside.rest.expand import Loader
from portside.rest.idempotency import check_key
from portside.rest.pages import Page


@endpoint("POST", "/transactions", status=201, takes=wire.TransactionIn, gives=wire.TransactionOut, claims_key=True)
async def create_transaction(call: Call, given: wire.TransactionIn) -> wire.TransactionOut:
    """Buy a label for a rate, or in one call for a new shipment (Instalabel)."""
    key = check_key(call.header(b"idempotency-key"))
    request = wire.label_request(given, idempotency_key=key, body=call.raw)
    if given.shipment is not None and wire.is_instant(given):
        account_id, service = wire.account_and_service(given)
        labels, rate = await flows.buy_instantly(call.scope, given.shipment, account_id, service, request)
        return wire.transaction_out(labels[0], call.scope, rate)
    labels = await flows.buy_label(call.scope, wire.rate_id(given), request)
    return wire.transaction_out(labels[0], call.scope)


_EXPANDS: dict[str, Loader] = {"rate": rates_by_id, "parcel": parcels_by_id, "order": orders_by_id}


@endpoint("GET", "/transactions", gives=Page[wire.TransactionOut], query=wire.LabelFilter, expands=_EXPANDS)
async def list_transactions(call: Call) -> Page[wire.TransactionOut]:
    """List labels, newest first."""
    page = call.page(default=25)
    async with reading() as tx:
        found = await queries.list_labels(tx, call.scope, page, call.query(wire.LabelFilter))
    return call.page_of(found.map(lambda label: wire.transaction_out(label, call.scope)), page)


@endpoint("GET", "/transactions/{transaction_id}", gives=wire.TransactionOut, expands=_EXPANDS)
async def get_transaction(call: Call) -> wire.TransactionOut:
    """Retrieve a label."""
    async with reading() as tx:
        label = await queries.get_label(tx, call.scope, call.id("transaction_id"))
    return wire.transaction_out(label, call.scope)


async def transactions_by_id(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[Id, wire.TransactionOut]:
    """For `?expand=transaction`."""
    found = await queries.find_labels(tx, scope, ids)
    return {id_: wire.transaction_out(label, scope) for id_, label in found.items()}


routes = [create_transaction, list_transactions, get_transaction]
