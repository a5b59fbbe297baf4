"""/app/settings/messages: what buyers are told; and on an order's page what they were told, with Resend."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response

from portside.buyers import queries
from portside.buyers.actions import save_settings
from portside.buyers.flows import tell_again
from portside.buyers.models import CHANNELS, STATUSES, BuyerMessage, MessageSettings
from portside.buyers.rules import REASONS
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import Conflict, NotFound
from portside.kit.ids import Id
from portside.kit.services import services
from portside.labels.models import Label
from portside.labels.queries import labels_of_order
from portside.notifications.models import Channel
from portside.orders.queries import get_order
from portside.terms.models import BuyerStatus
from portside.web.answers import HOME, Flash, redirect, unchanged
from portside.web.page import page
from portside.web.shell import MAILBOX
from portside.web.visit import Shown, Visit

PATH = "/app/settings/messages"

_NAMES: Mapping[BuyerStatus, tuple[str, str]] = {
    "PRE_TRANSIT": ("Shipped", "A label was bought; with the tracking number."),
    "TRANSIT": ("First scan", "The carrier has the parcel."),
    "DELAYED": ("Delayed", "The carrier says so, or puts off the expected day, or that day is over."),
    "OUT_FOR_DELIVERY": ("Out for delivery", "It comes today."),
    "DELIVERED": ("Delivered", "It has arrived."),
    "FAILURE": ("Trouble", "Address problem, nobody there, held, damaged, lost: with what the buyer can do."),
    "RETURNED": ("Going back", "The parcel returns to you."),
}
_STATES: Mapping[str, tuple[str, str]] = {
    "waiting": ("busy", "On its way"),
    "sent": ("good", "Sent"),
    "kept": ("mute", "Kept in the mailbox"),
    "refused": ("bad", "Refused"),
    "none": ("mute", "Not sent"),
    # The message itself is forgotten after a while.
    "gone": ("mute", "Written"),
}


@page("GET", PATH)
async def show_settings(visit: Visit) -> Shown:
    """What buyers are told, by channel."""
    async with reading() as tx:
        known = await queries.get_settings(tx, visit.scope)
    context = {
        "rows": [_row(status, known) for status in _NAMES],
        "in_test_mode": known.in_test_mode,
        "sends_mail": services().mailer is not None,
        "sends_sms": services().texter is not None,
        "mailbox_url": MAILBOX[2],
        "can_manage": visit.is_owner,
        "save_url": PATH,
    }
    return Shown(template="settings/messages.html", context=context, section="settings", child="messages")


@page("POST", PATH)
async def change_settings(visit: Visit) -> Response[bytes]:
    """Tell buyers this from now on."""
    visit.check_owner()
    ticked = {channel: tuple(each for each in STATUSES if visit.field(f"{channel}_{each}")) for channel in CHANNELS}
    given = MessageSettings(email=ticked["email"], sms=ticked["sms"], in_test_mode=bool(visit.field("in_test_mode")))
    async with begin() as tx:
        await save_settings(tx, visit.scope, given, address=visit.address)
    return redirect(PATH, Flash("success", "Buyers are told so from now on."))


@page("GET", "/app/orders/{order_id}/messages")
async def poll_messages(visit: Visit) -> Shown | Response[bytes]:
    """What the buyer was told, if it is something else than what was seen."""
    async with reading() as tx:
        order = await get_order(tx, visit.scope, visit.id("order_id"))
        context = await messages_context(tx, visit, order.id, await labels_of_order(tx, visit.scope, order.id))
    if visit.given("seen") == context["seen"]:
        return unchanged()
    return Shown(template="orders/_messages.html", context={"messages": context})


@page("POST", "/app/orders/{order_id}/messages/{message_id}")
async def resend_message(visit: Visit) -> Response[bytes]:
    """Send a message once more."""
    order_id = visit.id("order_id")
    async with reading() as tx:
        message = await queries.get_buyer_message(tx, visit.scope, visit.id("message_id"))
        if message.label_id not in {label.id for label in await labels_of_order(tx, visit.scope, order_id)}:
            raise NotFound
    try:
        reason = await tell_again(visit.scope, message.id)
    except Conflict as refusal:
        return redirect(f"{HOME}/{order_id}", Flash("error", refusal.message))
    if reason is not None:
        return redirect(f"{HOME}/{order_id}", Flash("error", f"It was not sent. {REASONS[reason]}"))
    return redirect(f"{HOME}/{order_id}", Flash("success", "It is sent again."))


async def messages_context(tx: Tx, visit: Visit, order_id: Id, labels: Sequence[Label]) -> dict[str, Any]:
    """The `messages` of orders/_messages.html."""
    found = await queries.list_buyer_messages(tx, visit.scope, [label.id for label in labels])
    url = f"{HOME}/{order_id}/messages"
    told = "".join(f"{each.id}{each.state}" for each in found)
    seen = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
    return {
        "rows": [_message(each, f"{url}/{each.id}") for each in found],
        "poll_url": f"{url}?seen={seen}",
        "seen": seen,
    }


def _message(message: BuyerMessage, url: str) -> Mapping[str, Any]:
    tone, words = _STATES[_state(message)]
    return {
        "name": _NAMES[message.status][0],
        "channel": message.channel,
        "recipient": message.recipient,
        "tone": tone,
        "words": words,
        "why": REASONS[message.reason] if message.reason else message.error or "",
        "is_again": message.is_again,
        "at": message.created_at,
        "resend_url": url,
    }


def _state(message: BuyerMessage) -> str:
    if message.message_id is None:
        return "none"
    return message.state or "gone"


def _row(status: BuyerStatus, known: MessageSettings) -> Mapping[str, Any]:
    name, hint = _NAMES[status]
    channels: tuple[Channel, ...] = CHANNELS
    on: dict[str, bool] = {channel: status in known.of(channel) for channel in channels}
    return {"key": status, "name": name, "hint": hint, **on}


routes = [show_settings, change_settings, poll_messages, resend_message]
