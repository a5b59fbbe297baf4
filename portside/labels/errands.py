"""The carrier's side of a purchase: buying once, asking what became of it, undoing what nobody wants (law 4).

Each function may be the last one this process ever runs: what it leaves behind is carried on by the job that reserving
queued, which enters at `resume`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

import msgspec
import structlog

from portside.carrier_accounts.queries import get_carrier_account
from portside.carrier_accounts.rules import credentials
from portside.carriers import client
from portside.carriers.catalogue import carrier_name
from portside.carriers.contract import BuyLabel, CallContext, Credentials, Location, Party, Piece, Purchase
from portside.carriers.errors import CarrierError
from portside.carriers.registry import find_adapter
from portside.db.begin import begin, reading
from portside.errors import NotFound
from portside.jobs.models import Postponed
from portside.kit.clock import now
from portside.kit.files import StoreUnavailable
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels import actions, queries, reservations, rules
from portside.labels.models import Bought, Label, LabelFile, LabelFileType, Reservation, StoredPurchase
from portside.labels.papers import store_invoice, store_qr_code
from portside.labels.render import Unprintable, convert
from portside.ledger.models import Sale
from portside.rates.models import Message, StoredRate
from portside.rates.queries import find_rates_by_id
from portside.shipments.models import StoredShipment
from portside.shipments.queries import find_shipments
from portside.shipments.rules import rate_query
from portside.terms.models import Terms
from portside.terms.queries import find_terms
from portside.terms.rules import why_not
from portside.tracking.models import TrackDetails

_log = structlog.get_logger(__name__)

# A carrier that cannot be asked for this long after a purchase is a matter for a person; asking goes on all the same.
_FLAG_AFTER = dt.timedelta(minutes=15)
_ASK_FOR = dt.timedelta(days=14)


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to deal with a carrier about one purchase. The purchase's id is our reference there."""

    purchase: StoredPurchase
    labels: tuple[Label, ...]
    rate: StoredRate
    shipment: StoredShipment
    call: BuyLabel
    context: CallContext


async def carry_out(scope: Scope, purchase_id: Id) -> None:
    """Buy at the carrier what is reserved, if nobody was allowed to before."""
    await carry_out_all(scope, [purchase_id])


async def carry_out_all(scope: Scope, purchase_ids: Sequence[Id]) -> None:
    """The same for some purchases at once: their carriers are called side by side, and what they answer is written
    together when the last one has."""
    errands = await _errands(scope, purchase_ids)
    async with begin() as tx:
        permitted = await reservations.mark_all_sent(tx, scope, list(errands), settle_seconds())
        # Whoever has the permission may as well decide not to use it.
        terms = await find_terms(tx, scope)
        barred = {each: refusal for each in permitted if (refusal := _barred(errands[each].rate, terms)) is not None}
        if barred:
            await actions.reject_purchases(tx, scope, barred)
    permitted -= barred.keys()
    ends = await asyncio.gather(*(_end(scope, errands[purchase_id]) for purchase_id in permitted))
    bought = {purchase_id: end for purchase_id, end in zip(permitted, ends, strict=True) if isinstance(end, Bought)}
    refused = {purchase_id: [end] for purchase_id, end in zip(permitted, ends, strict=True) if isinstance(end, Message)}
    async with begin() as tx:
        if bought:
            await actions.complete_purchases(tx, scope, bought)
        if refused:
            await actions.reject_purchases(tx, scope, refused)


def _barred(rate: StoredRate, terms: Terms | None) -> list[Message] | None:
    """Why a rate that was shown is not sold any more; the price that was shown stays, whatever became of the terms."""
    text = why_not(terms, rate.carrier, rate.service_token)
    return None if text is None else [Message(source="Portside", code="", text=text)]


async def resume(scope: Scope, purchase_id: Id) -> None:
    """Carry a purchase on from wherever it stands. Raises Postponed until its outcome is known."""
    try:
        purchase = await _purchase(scope, purchase_id)
    except NotFound:
        # An Instalabel that was withdrawn because its request was wrong; the job that watches over it is still there.
        return
    if purchase.state == "reserved" and purchase.rate_id is None:
        await _reject(scope, purchase_id, "Portside", "The purchase was interrupted before it reached the carrier.")
        return
    if purchase.state == "reserved" and purchase.sent_at is None:
        await carry_out(scope, purchase_id)
        purchase = await _purchase(scope, purchase_id)
    if purchase.state != "reserved" or purchase.settle_after is None:
        return
    wait = (purchase.settle_after - now()).total_seconds()
    if wait > 0:
        raise Postponed(wait)
    await settle(scope, purchase_id)


async def settle(scope: Scope, purchase_id: Id) -> None:
    """Ask the carrier by our reference what became of a purchase, and write it down.

    Never buys. A carrier that cannot be asked leaves it open and flagged for a person. Raises Postponed to ask again.
    """
    errand = await _errand(scope, purchase_id)
    name = carrier_name(errand.rate.carrier)
    if not client.can(errand.rate.carrier, "find_by_reference"):
        text = f"{name} cannot be asked what became of this purchase. Look it up there."
        await _flag(scope, purchase_id, text, is_open=True)
        return
    try:
        found = await client.find(errand.rate.carrier, errand.call.reference, errand.context)
    except CarrierError as failure:
        await _cannot_be_asked(scope, errand, failure)
        return
    if found is None:
        text = f"{name} never received the purchase; nothing was bought."
        await _reject(scope, purchase_id, name, text, rules.NEVER_RECEIVED)
    elif found.is_voided:
        await _reject(scope, purchase_id, name, f"{name} says that this label was voided there.")
    elif (bought := await _bought(scope, errand, found)) is not None:
        async with begin() as tx:
            await actions.complete_purchases(tx, scope, {purchase_id: bought})


async def void_at_carrier(scope: Scope, purchase_id: Id, carrier_reference: str) -> None:
    """Undo at the carrier what was bought for a purchase that has ended otherwise. Raises CarrierError to be retried;
    what cannot be undone is flagged for a person."""
    errand = await _errand(scope, purchase_id)
    if await _is_voided(errand):
        return
    name = carrier_name(errand.rate.carrier)
    if not client.can(errand.rate.carrier, "void"):
        text = f"{name} sold {carrier_reference}, which nobody wants, and cannot void it."
        await _flag(scope, purchase_id, text, is_open=False)
        return
    try:
        await client.void(errand.rate.carrier, carrier_reference, errand.context)
    except CarrierError as failure:
        if failure.retryable:
            raise
        await _flag(scope, purchase_id, f"{name} will not void {carrier_reference}: {failure.text}", is_open=False)


async def void_late_sale(scope: Scope, purchase_id: Id) -> None:
    """Ask about a purchase that was released on a person's word, and have undone what was sold all the same.

    Raises CarrierError to be retried: the carrier that could not be asked may be back tomorrow.
    """
    errand = await _errand(scope, purchase_id)
    if not client.can(errand.rate.carrier, "find_by_reference"):
        return
    found = await client.find(errand.rate.carrier, errand.call.reference, errand.context)
    if found is not None and not found.is_voided:
        async with begin() as tx:
            await actions.void_stray(tx, scope, purchase_id, found.carrier_reference)


async def _is_voided(errand: Errand) -> bool:
    """Whether the carrier says that this is undone already; False if it does not say."""
    if not client.can(errand.rate.carrier, "find_by_reference"):
        return False
    try:
        found = await client.find(errand.rate.carrier, errand.call.reference, errand.context)
    except CarrierError:
        return False
    return found is not None and found.is_voided


async def _errand(scope: Scope, purchase_id: Id) -> Errand:
    """Raises NotFound."""
    found = await _errands(scope, [purchase_id])
    if purchase_id not in found:
        raise NotFound
    return found[purchase_id]


async def _errands(scope: Scope, purchase_ids: Sequence[Id]) -> dict[Id, Errand]:
    """Those of the purchases that exist and have a rate."""
    async with reading() as tx:
        reserved = await queries.find_reservations(tx, scope, purchase_ids)
        rated = [each for each in reserved.values() if each.purchase.rate_id is not None]
        rates = await find_rates_by_id(tx, scope, [each.purchase.rate_id for each in rated if each.purchase.rate_id])
        shipments = await find_shipments(tx, scope, [rate.shipment_id for rate in rates.values()])
        account_ids = {rate.carrier_account_id for rate in rates.values()}
        accounts = {each: credentials(await get_carrier_account(tx, scope, each)) for each in account_ids}
    found = {}
    for each in rated:
        rate = rates.get(each.purchase.rate_id or Id(""))
        if rate is not None and rate.shipment_id in shipments:
            made = _made(each, rate, shipments[rate.shipment_id], accounts[rate.carrier_account_id])
            found[each.purchase.id] = made
    return found


def _made(reserved: Reservation, rate: StoredRate, shipment: StoredShipment, account: Credentials) -> Errand:
    labels, reference = reserved.labels, reserved.purchase.id
    query = rate_query(shipment)
    return Errand(
        purchase=reserved.purchase,
        labels=labels,
        rate=rate,
        shipment=shipment,
        call=BuyLabel(query=query, quote=rate.quote, reference=reference, hint=labels[0].metadata),
        context=CallContext(credentials=account, timeout=services().settings.buy_deadline_seconds),
    )


async def _end(scope: Scope, errand: Errand) -> Bought | Message | None:
    """Buy, and what came of it: a label or a refusal; None when nobody knows, and `resume` will ask when it is time."""
    try:
        purchase = await client.buy(errand.rate.carrier, errand.call, errand.context)
    except CarrierError as failure:
        name = carrier_name(errand.rate.carrier)
        if not rules.is_outcome_open(failure):
            return Message(source=name, code=failure.code, text=failure.text)
        _log.warning("label_outcome_open", purchase=errand.purchase.id, carrier=errand.rate.carrier, text=failure.text)
        return None
    return await _bought(scope, errand, purchase)


async def _bought(scope: Scope, errand: Errand, purchase: Purchase) -> Bought | None:
    """A purchase with its files stored. None when they could not be: the label is bought and its file can be had again,
    so `resume` asks the carrier for it."""
    try:
        files = await _store(scope, errand, purchase)
        numbers = [file.tracking_number for file in files]
        invoice_key = await store_invoice(scope, errand.purchase, errand.rate, errand.shipment, numbers)
    except StoreUnavailable:
        _log.exception("label_file_not_stored", purchase=errand.purchase.id)
        return None
    quote, query = errand.rate.quote, errand.call.query
    return Bought(
        carrier_reference=purchase.carrier_reference,
        files=files,
        invoice_key=invoice_key,
        eta=purchase.eta,
        sale=_sale(errand.rate),
        track=TrackDetails(
            eta=purchase.eta,
            original_eta=purchase.eta,
            service_token=quote.service_token,
            service_name=quote.service_name,
            origin=_location(query.ship_from),
            destination=_location(query.ship_to),
        ),
    )


def _sale(rate: StoredRate) -> Sale | None:
    """The rate in the ledger of the platform whose terms priced it."""
    if rate.partner_id is None:
        return None
    return Sale(
        partner_id=rate.partner_id,
        carrier=rate.carrier,
        service_token=rate.service_token,
        cost=rate.cost,
        charged=rate.amount,
        currency=rate.currency,
    )


async def _store(scope: Scope, errand: Errand, purchase: Purchase) -> tuple[LabelFile, ...]:
    adapter = find_adapter(errand.rate.carrier)
    files = []
    for label, piece in zip(errand.labels, purchase.pieces, strict=False):
        content, file_type = await _printable(piece, label.label_file_type)
        key = rules.file_key(scope.account_id, label.id, file_type)
        await services().files.put(key, content)
        carrier, query, number = errand.rate.carrier, errand.call.query, piece.tracking_number
        files.append(
            LabelFile(
                tracking_number=number,
                tracking_url=adapter.tracking_url(number) if adapter else "",
                file_key=key,
                label_file_type=file_type,
                qr_code_key=await store_qr_code(scope, label.id, carrier, query, number),
            )
        )
    return tuple(files)


async def _printable(piece: Piece, wanted: LabelFileType) -> tuple[bytes, LabelFileType]:
    """The label as it was wanted, or as the carrier made it: what was paid for is never lost to a format."""
    if piece.content_format == wanted or piece.content_format == "ZPLII":
        return piece.content, piece.content_format
    try:
        return await asyncio.to_thread(convert, piece.content, wanted), wanted
    except Unprintable as error:
        _log.warning("label_not_converted", wanted=wanted, error=str(error))
        return piece.content, "PDF_4x6"


async def _cannot_be_asked(scope: Scope, errand: Errand, failure: CarrierError) -> None:
    since = errand.purchase.settle_after or errand.purchase.created_at
    overdue = now() - since
    passing = failure.retryable or failure.kind == "timeout_unknown"
    if not passing or overdue > _FLAG_AFTER:
        text = f"{carrier_name(errand.rate.carrier)} does not say what became of this purchase: {failure.text}"
        await _flag(scope, errand.purchase.id, text, is_open=True)
    if passing and overdue < _ASK_FOR:
        raise Postponed(min(max(overdue.total_seconds(), 5.0), 3600.0))


async def _reject(scope: Scope, purchase_id: Id, source: str, text: str, code: str = "") -> None:
    async with begin() as tx:
        refusal = Message(source=source, code=code, text=text)
        await actions.reject_purchases(tx, scope, {purchase_id: [refusal]})


async def _flag(scope: Scope, purchase_id: Id, reason: str, *, is_open: bool) -> None:
    _log.error("purchase_needs_a_person", purchase=purchase_id, reason=reason)
    async with begin() as tx:
        await actions.flag_purchase(tx, scope, purchase_id, reason, is_open=is_open)


async def _purchase(scope: Scope, purchase_id: Id) -> StoredPurchase:
    async with reading() as tx:
        return await queries.get_purchase(tx, scope, purchase_id)


def settle_seconds() -> float:
    """How long after it was sent a purchase's outcome may be asked for: the call's deadline and a grace."""
    settings = services().settings
    return settings.buy_deadline_seconds + settings.settle_grace_seconds


def _location(party: Party) -> Location:
    return Location(city=party.city, state=party.state, zip=party.zip, country=party.country)
