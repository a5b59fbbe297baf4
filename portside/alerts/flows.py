"""Settling purchases that wait for a person: asking their carriers once more, or taking a person's word (law 4)."""

from __future__ import annotations

import contextlib

from portside.accounts.queries import find_user
from portside.alerts.actions import look
from portside.audit.actions import note
from portside.carriers.catalogue import carrier_name
from portside.db.begin import begin
from portside.db.tx import Tx
from portside.jobs.models import Postponed
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.labels import queries
from portside.labels.actions import release_purchase
from portside.labels.errands import settle
from portside.labels.models import Reservation, StoredPurchase
from portside.rates.models import Message


async def ask_again(scope: Scope, purchase_id: Id, *, address: str = "") -> StoredPurchase:
    """Ask the carrier now what became of a purchase that waits for a person; gives it as it stands then.

    Never buys: what was not sent, or waits for nobody, is left as it is. `address` is the client's, for the audit log.
    Raises NotFound.
    """
    async with begin() as tx:
        waiting = await queries.get_reservation(tx, scope, purchase_id)
        if not may_be_asked(waiting.purchase):
            return waiting.purchase
        await _note(tx, scope, "purchase.asked", waiting, address)
    with contextlib.suppress(Postponed):
        await settle(scope, purchase_id)
    async with begin() as tx:
        await look(tx, scope, label_id=waiting.labels[0].id)
        return await queries.get_purchase(tx, scope, purchase_id)


async def release(scope: Scope, purchase_id: Id, *, address: str = "") -> bool:
    """Take a person's word that the carrier has no label of this purchase. False: it does not wait (any more).

    Raises NotFound.
    """
    async with begin() as tx:
        waiting = await queries.get_reservation(tx, scope, purchase_id)
        if not await release_purchase(tx, scope, purchase_id, await _word(tx, scope, waiting)):
            return False
        await _note(tx, scope, "purchase.released", waiting, address)
        await look(tx, scope, label_id=waiting.labels[0].id)
        return True


def may_be_asked(purchase: StoredPurchase) -> bool:
    """Whether there is anything that the carrier could say of it by now."""
    is_due = purchase.settle_after is not None and purchase.settle_after <= now()
    return purchase.state == "reserved" and purchase.flagged_at is not None and purchase.sent_at is not None and is_due


async def _word(tx: Tx, scope: Scope, waiting: Reservation) -> Message:
    user = await find_user(tx, Id(scope.actor.id)) if scope.actor.kind == "user" else None
    who = (user.name or user.email) if user else "The operator"
    name = carrier_name(waiting.labels[0].carrier)
    return Message(source="Portside", code="released", text=f"{who} says that {name} has no such label. Buy it again.")


async def _note(tx: Tx, scope: Scope, action: str, waiting: Reservation, address: str) -> None:
    label = waiting.labels[0]
    details = {"purchase": waiting.purchase.id, "label": label.id, "reason": waiting.purchase.flag_reason}
    await note(tx, scope, action, f"{carrier_name(label.carrier)} label", details, address)
