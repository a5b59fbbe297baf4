"""Asking the carrier to take a label back: permission (tx), the call (no tx), the outcome (tx).

Each function may be the last one this process ever runs: the job that asked for it is run again, and the carrier, which
takes a repeated void as one, is asked once more.
"""

from __future__ import annotations

import msgspec
import structlog

from portside.carrier_accounts.queries import get_carrier_account
from portside.carrier_accounts.rules import credentials
from portside.carriers import client
from portside.carriers.catalogue import carrier_name
from portside.carriers.contract import CallContext
from portside.carriers.errors import CarrierError
from portside.db.begin import begin, reading
from portside.errors import FieldErrors, NotFound
from portside.jobs.models import Postponed
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels import queries as labels
from portside.rates.models import Message
from portside.rates.queries import get_rate
from portside.refunds import actions, queries, rules
from portside.refunds.models import Refund

_log = structlog.get_logger(__name__)


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be voided where. Without a number it is the whole purchase, which has no other label."""

    carrier: str
    carrier_reference: str
    tracking_number: str | None
    context: CallContext


async def request_refund(scope: Scope, label_id: Id) -> Refund:
    """Queue a label's refund. Raises FieldErrors."""
    async with begin() as tx:
        refund = await actions.create_refund(tx, scope, new_id(), label_id)
        carrier = (await labels.get_label(tx, scope, label_id)).carrier
        if not client.can(carrier, "void"):
            text = f"{carrier_name(carrier)} takes no labels back here. Ask for the refund at the carrier."
            raise FieldErrors({"transaction": [text]})
        return refund


async def carry_out(scope: Scope, refund_id: Id) -> None:
    """Ask the carrier, if nobody else is doing so. Raises Postponed until the outcome is known."""
    timeout = services().settings.buy_deadline_seconds
    async with begin() as tx:
        # The carrier's client may call twice within its patience.
        refund = await actions.claim_refund(tx, scope, refund_id, 2 * timeout + 5)
    if refund is None:
        await _wait_for_another(scope, refund_id)
        return
    errand = await _errand(scope, refund, timeout)
    try:
        await client.void(errand.carrier, errand.carrier_reference, errand.context, errand.tracking_number)
    except CarrierError as failure:
        await _failed(scope, refund, errand.carrier, failure)
        return
    async with begin() as tx:
        await actions.complete_refund(tx, scope, refund_id)


async def _wait_for_another(scope: Scope, refund_id: Id) -> None:
    async with reading() as tx:
        refund = await queries.get_refund(tx, scope, refund_id)
    if refund.is_open:
        raise Postponed(max((refund.next_try_at - now()).total_seconds(), 1.0))


async def _failed(scope: Scope, refund: Refund, carrier: str, failure: CarrierError) -> None:
    name = carrier_name(carrier)
    moment = now()
    messages = [Message(source=name, code=failure.code, text=failure.text)]
    is_given_up = moment - refund.created_at > rules.GIVEN_UP_AFTER
    if is_given_up:
        messages.append(Message(source="Portside", code="", text=f"{name} could not be asked for 14 days."))
    if is_given_up or rules.is_final(failure):
        async with begin() as tx:
            await actions.reject_refund(tx, scope, refund.id, messages)
        return
    _log.warning("refund_put_off", refund=refund.id, carrier=carrier, kind=failure.kind, text=failure.text)
    pause = rules.next_pause(refund, moment)
    async with begin() as tx:
        await actions.put_off_refund(tx, scope, refund.id, pause, messages)
    raise Postponed(pause)


async def _errand(scope: Scope, refund: Refund, timeout: float) -> Errand:
    async with reading() as tx:
        label = await labels.get_label(tx, scope, refund.label_id)
        purchase = await labels.get_purchase(tx, scope, label.purchase_id)
        pieces = await labels.labels_of_purchase(tx, scope, label.purchase_id)
        if label.rate_id is None or purchase.carrier_reference is None:
            raise NotFound
        rate = await get_rate(tx, scope, label.rate_id)
        account = await get_carrier_account(tx, scope, rate.carrier_account_id)
    return Errand(
        carrier=rate.carrier,
        carrier_reference=purchase.carrier_reference,
        tracking_number=label.tracking_number if len(pieces) > 1 else None,
        context=CallContext(credentials=credentials(account), timeout=timeout),
    )
