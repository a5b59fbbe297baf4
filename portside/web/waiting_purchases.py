"""On the page of an alert: settling a purchase that waits for a person. For owners."""

from __future__ import annotations

from typing import Any

from litestar import Response

from portside.alerts.actions import note_alert
from portside.alerts.flows import ask_again, may_be_asked, release
from portside.alerts.models import Alert
from portside.alerts.queries import get_alert
from portside.carriers.catalogue import carrier_name
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import NotFound
from portside.labels.models import Label, StoredPurchase
from portside.labels.queries import find_labels, get_purchase
from portside.web.alerts import PATH
from portside.web.answers import Flash, redirect
from portside.web.page import page
from portside.web.visit import Visit

_ONE = PATH + "/{alert_id}"
_NOT_WAITING = Flash("warning", "This purchase waits for nobody any more.")


async def waiting_context(tx: Tx, visit: Visit, alert: Alert, label: Label | None) -> dict[str, Any] | None:
    """The `purchase` of alerts/detail.html; None if no purchase waits here."""
    if alert.kind != "purchase_waits" or label is None:
        return None
    purchase = await get_purchase(tx, visit.scope, label.purchase_id)
    if purchase.flagged_at is None:
        return None
    url = f"{PATH}/{alert.id}"
    return {
        "carrier_name": carrier_name(label.carrier),
        "is_open": purchase.state == "reserved",
        "can_settle": visit.is_owner,
        "ask_url": f"{url}/ask" if may_be_asked(purchase) else None,
        "release_url": f"{url}/release",
    }


@page("POST", _ONE + "/ask")
async def ask_carrier(visit: Visit) -> Response[bytes]:
    """Ask the carrier now what became of it."""
    visit.check_owner()
    alert, label = await _label(visit)
    name, here = carrier_name(label.carrier), f"{PATH}/{alert.id}"
    async with begin() as tx:
        before = await get_purchase(tx, visit.scope, label.purchase_id)
        if not may_be_asked(before):
            return redirect(here, _NOT_WAITING)
        await note_alert(tx, visit.scope, alert.id, f"Asked {name} again.")
    after = await ask_again(visit.scope, label.purchase_id, address=visit.address)
    return redirect(here, _told(after, name))


@page("POST", _ONE + "/release")
async def release_purchase(visit: Visit) -> Response[bytes]:
    """Say that the carrier has no such label."""
    visit.check_owner()
    alert, label = await _label(visit)
    here = f"{PATH}/{alert.id}"
    if not await release(visit.scope, label.purchase_id, address=visit.address):
        return redirect(here, _NOT_WAITING)
    name = carrier_name(label.carrier)
    async with begin() as tx:
        await note_alert(tx, visit.scope, alert.id, f"{name} has no such label.")
    return redirect(here, Flash("success", "Settled. Should the carrier have sold the label after all, it is voided."))


async def _label(visit: Visit) -> tuple[Alert, Label]:
    """Raises NotFound, also for alerts of another kind."""
    async with reading() as tx:
        alert = await get_alert(tx, visit.scope, visit.id("alert_id"))
        ids = [alert.label_id] if alert.label_id and alert.kind == "purchase_waits" else []
        labels = await find_labels(tx, visit.scope, ids)
    for label in labels.values():
        return alert, label
    raise NotFound


def _told(purchase: StoredPurchase, name: str) -> Flash:
    match purchase.state:
        case "bought":
            return Flash("success", f"{name} sold the label. It is here now.")
        case "rejected":
            return Flash("warning", f"{name} has no such label: nothing was bought, and it can be bought anew.")
        case "reserved":
            return Flash("warning", purchase.flag_reason or f"{name} did not say what became of it.")
        case _:
            return _NOT_WAITING


routes = [ask_carrier, release_purchase]
