"""The carrier's side of a purchase: buying once, asking what became of it, undoing what nobody wants (law 4).

Each function may be the last one this process ever runs: what it leaves behind is carried on by the job that reserving
queued, which enters at `resume`.
"""

from __future__ import annotations

import asyncio
import datetime as dt

import msgspec
import structlog

from portside.carrier_accounts.queries import get_carrier_account
from portside.carrier_accounts.rules import credentials
from portside.carriers import client
from portside.carriers.catalogue import carrier_name
from portside.carriers.contract import BuyLabel, CallContext, Location, Party, Piece, Purchase
from portside.carriers.errors import CarrierError
from portside.carriers.registry import find_adapter
from portside.db.begin import begin, reading
from portside.errors import NotFound
from portside.jobs.models import Postponed
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels import actions, queries, rules
from portside.labels.models import Bought, Label, LabelFile, LabelFileType, StoredPurchase
from portside.labels.render import Unprintable, convert
from portside.rates.models import Message, StoredRate
from portside.rates.queries import get_rate
from portside.shipments.queries import get_shipment
from portside.shipments.rules import rate_query
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
    call: BuyLabel
    context: CallContext


async def carry_out(scope: Scope, purchase_id: Id) -> None:
    """Buy at the carrier what is reserved, if nobody was allowed to before."""
    errand = await _errand(scope, purchase_id)
    async with begin() as tx:
        if not await actions.mark_sent(tx, scope, purchase_id, settle_seconds()):
            return
    try:
        purchase = await client.buy(errand.rate.carrier, errand.call, errand.context)
    except CarrierError as failure:
        await _failed(scope, errand, failure)
    else:
        await _succeeded(scope, errand, purchase)


async def resume(scope: Scope, purchase_id: Id) -> None:
    """Carry a purchase on from wherever it stands. Raises Postponed until its outcome is known."""
    purchase = await _purchase(scope, purchase_id)
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
        await _flag(scope, purchase_id, f"{name} cannot be asked what became of this purchase. Look it up there.")
        return
    try:
        found = await client.find(errand.rate.carrier, errand.call.reference, errand.context)
    except CarrierError as failure:
        await _cannot_be_asked(scope, errand, failure)
        return
    if found is None:
        await _reject(scope, purchase_id, name, f"{name} never received the purchase; nothing was bought.")
    elif found.is_voided:
        await _reject(scope, purchase_id, name, f"{name} says that this label was voided there.")
    else:
        await _succeeded(scope, errand, found)


async def void_at_carrier(scope: Scope, purchase_id: Id, carrier_reference: str) -> None:
    """Undo at the carrier what was bought for a purchase that has ended otherwise. Raises CarrierError to be retried;
    what cannot be undone is flagged for a person."""
    errand = await _errand(scope, purchase_id)
    name = carrier_name(errand.rate.carrier)
    if not client.can(errand.rate.carrier, "void"):
        await _flag(scope, purchase_id, f"{name} sold {carrier_reference}, which nobody wants, and cannot void it.")
        return
    try:
        await client.void(errand.rate.carrier, carrier_reference, errand.context)
    except CarrierError as failure:
        if failure.retryable:
            raise
        await _flag(scope, purchase_id, f"{name} will not void {carrier_reference}: {failure.text}")


async def _errand(scope: Scope, purchase_id: Id) -> Errand:
    async with reading() as tx:
        purchase = await queries.get_purchase(tx, scope, purchase_id)
        labels = await queries.labels_of_purchase(tx, scope, purchase_id)
        if purchase.rate_id is None:
            raise NotFound
        rate = await get_rate(tx, scope, purchase.rate_id)
        shipment = await get_shipment(tx, scope, rate.shipment_id)
        account = await get_carrier_account(tx, scope, rate.carrier_account_id)
    return Errand(
        purchase=purchase,
        labels=labels,
        rate=rate,
        call=BuyLabel(query=rate_query(shipment), quote=rate.quote, reference=purchase.id, hint=labels[0].metadata),
        context=CallContext(credentials=credentials(account), timeout=services().settings.buy_deadline_seconds),
    )


async def _failed(scope: Scope, errand: Errand, failure: CarrierError) -> None:
    """The carrier refused; or nobody knows, and `resume` will ask when it is time."""
    if rules.is_outcome_open(failure):
        _log.warning("label_outcome_open", purchase=errand.purchase.id, carrier=errand.rate.carrier, text=failure.text)
        return
    await _reject(scope, errand.purchase.id, carrier_name(errand.rate.carrier), failure.text, failure.code)


async def _succeeded(scope: Scope, errand: Errand, purchase: Purchase) -> None:
    try:
        files = await _store(scope, errand, purchase)
    except OSError:
        # The label is bought and its file can be had again: `resume` asks the carrier for it.
        _log.exception("label_file_not_stored", purchase=errand.purchase.id)
        return
    quote, query = errand.rate.quote, errand.call.query
    bought = Bought(
        carrier_reference=purchase.carrier_reference,
        files=files,
        eta=purchase.eta,
        track=TrackDetails(
            eta=purchase.eta,
            original_eta=purchase.eta,
            service_token=quote.service_token,
            service_name=quote.service_name,
            origin=_location(query.ship_from),
            destination=_location(query.ship_to),
        ),
    )
    async with begin() as tx:
        await actions.complete_purchase(tx, scope, errand.purchase.id, bought)


async def _store(scope: Scope, errand: Errand, purchase: Purchase) -> tuple[LabelFile, ...]:
    adapter = find_adapter(errand.rate.carrier)
    files = []
    for label, piece in zip(errand.labels, purchase.pieces, strict=False):
        content, file_type = await asyncio.to_thread(_printable, piece, label.label_file_type)
        key = rules.file_key(scope.account_id, label.id, file_type)
        await services().files.put(key, content)
        files.append(
            LabelFile(
                tracking_number=piece.tracking_number,
                tracking_url=adapter.tracking_url(piece.tracking_number) if adapter else "",
                file_key=key,
                label_file_type=file_type,
            )
        )
    return tuple(files)


def _printable(piece: Piece, wanted: LabelFileType) -> tuple[bytes, LabelFileType]:
    """The label as it was wanted, or as the carrier made it: what was paid for is never lost to a format."""
    if piece.content_format == "ZPLII":
        return piece.content, "ZPLII"
    try:
        return convert(piece.content, wanted), wanted
    except Unprintable as error:
        _log.warning("label_not_converted", wanted=wanted, error=str(error))
        return piece.content, "PDF_4x6"


async def _cannot_be_asked(scope: Scope, errand: Errand, failure: CarrierError) -> None:
    since = errand.purchase.settle_after or errand.purchase.created_at
    overdue = now() - since
    passing = failure.retryable or failure.kind == "timeout_unknown"
    if not passing or overdue > _FLAG_AFTER:
        name = carrier_name(errand.rate.carrier)
        await _flag(scope, errand.purchase.id, f"{name} does not say what became of this purchase: {failure.text}")
    if passing and overdue < _ASK_FOR:
        raise Postponed(min(max(overdue.total_seconds(), 5.0), 3600.0))


async def _reject(scope: Scope, purchase_id: Id, source: str, text: str, code: str = "") -> None:
    async with begin() as tx:
        await actions.reject_purchase(tx, scope, purchase_id, [Message(source=source, code=code, text=text)])


async def _flag(scope: Scope, purchase_id: Id, reason: str) -> None:
    _log.error("purchase_needs_a_person", purchase=purchase_id, reason=reason)
    async with begin() as tx:
        await actions.flag_purchase(tx, scope, purchase_id, reason)


async def _purchase(scope: Scope, purchase_id: Id) -> StoredPurchase:
    async with reading() as tx:
        return await queries.get_purchase(tx, scope, purchase_id)


def settle_seconds() -> float:
    """How long after it was sent a purchase's outcome may be asked for: the call's deadline and a grace."""
    settings = services().settings
    return settings.buy_deadline_seconds + settings.settle_grace_seconds


def _location(party: Party) -> Location:
    return Location(city=party.city, state=party.state, zip=party.zip, country=party.country)
