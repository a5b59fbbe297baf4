"""/transactions"""

from __future__ import annotations

import re

from portside.db.begin import reading
from portside.kit.ids import Id
from portside.labels import flows, queries, wire
from portside.labels.models import Label, LabelFilter
from portside.rates.models import StoredRate
from portside.rates.queries import find_rates_by_id
from portside.rest.endpoint import Call, endpoint
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


@endpoint("GET", "/transactions", gives=Page[wire.TransactionOut], query=LabelFilter)
async def list_transactions(call: Call) -> Page[wire.TransactionOut]:
    """List labels, newest first."""
    page = call.page(default=25)
    wanted = call.query(LabelFilter)
    async with reading() as tx:
        found = await queries.list_labels(tx, call.scope, page, wanted)
    rates = await _expanded(call, found.rows)
    return call.page_of(found.map(lambda label: _out(call, label, rates)), page)


@endpoint("GET", "/transactions/{transaction_id}", gives=wire.TransactionOut)
async def get_transaction(call: Call) -> wire.TransactionOut:
    """Retrieve a label."""
    async with reading() as tx:
        label = await queries.get_label(tx, call.scope, call.id("transaction_id"))
    return _out(call, label, await _expanded(call, [label]))


def _out(call: Call, label: Label, rates: dict[Id, StoredRate]) -> wire.TransactionOut:
    return wire.transaction_out(label, call.scope, rates.get(label.rate_id) if label.rate_id else None)


async def _expanded(call: Call, labels: list[Label]) -> dict[Id, StoredRate]:
    """The rates to be shown as objects: those of `?expand=rate`, `?expand="rate"`, `?expand=["rate"]` and so on."""
    asked = {word for name, value in call.query_pairs() if name in ("expand", "expand[]") for word in _words(value)}
    ids = [label.rate_id for label in labels if label.rate_id]
    if "rate" not in asked or not ids:
        return {}
    async with reading() as tx:
        return await find_rates_by_id(tx, call.scope, ids)


def _words(value: str) -> list[str]:
    return re.findall(r"[a-z_]+", value)


routes = [create_transaction, list_transactions, get_transaction]
