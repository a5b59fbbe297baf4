"""Telling a buyer of an event: read, decide, write the words, queue. And once more, because somebody asks."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portside.accounts.queries import get_scope
from portside.branding.models import Look
from portside.branding.queries import get_look
from portside.buyers import actions, queries, rules
from portside.buyers.models import CHANNELS, BuyerDraft, BuyerMessage, MessageSettings, Parcel, Reason
from portside.buyers.render import render_message
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import Conflict, NotFound
from portside.events.models import EventRef, StoredEvent
from portside.events.queries import get_event
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.notifications.models import Channel
from portside.notifications.queries import is_suppressed
from portside.terms.models import BuyerStatus
from portside.tracking.queries import get_track


async def tell(ref: EventRef) -> None:
    """Tell the buyer where the parcel stands now, if the event changed that; harmless when repeated.

    An event only rouses us: what is told is what is so now, so that nobody hears old news.
    """
    async with reading() as tx:
        try:
            event = await get_event(tx, ref)
            scope = await get_scope(tx, ref.account, ref.mode)
            found = await _news(tx, scope, event)
        except NotFound:
            # Retention was quicker, or the account is gone.
            return
        if found is None:
            return
        drafts = await _drafts(tx, scope, *found)
    await _note(drafts)


async def tell_late(scope: Scope, label_id: Id) -> None:
    """Tell the buyer that the expected day is over, if the parcel is still under way; harmless when repeated."""
    async with reading() as tx:
        try:
            parcel = await queries.get_parcel(tx, scope, label_id)
        except NotFound:
            return
        drafts = await _drafts(tx, scope, parcel, ["DELAYED"]) if rules.is_under_way(parcel.track) else []
    await _note(drafts)


async def _note(drafts: Sequence[BuyerDraft]) -> None:
    if drafts:
        async with begin() as tx:
            await actions.note_messages(tx, drafts)


async def tell_again(scope: Scope, message_id: Id) -> Reason | None:
    """Send a message once more, to the buyer as the address is now; gives why not. Raises NotFound, Conflict."""
    async with reading() as tx:
        before = await queries.get_buyer_message(tx, scope, message_id)
        parcel = await queries.get_parcel(tx, scope, before.label_id)
        settings = await queries.get_settings(tx, scope)
        # Whoever presses the button wants this status told, whatever the settings say of others.
        wished = msgspec.structs.replace(settings, email=(before.status,), sms=(before.status,))
        look = await get_look(tx, scope)
        draft = await _draft(tx, scope, parcel, before.status, before.channel, wished, look)
        if sum(each.is_again for each in await _told(tx, scope, before.label_id, before.status)) >= rules.MOST_AGAIN:
            raise Conflict("That was sent many times already.")
    if draft.reason is not None:
        return draft.reason
    async with begin() as tx:
        await actions.note_messages(tx, [msgspec.structs.replace(draft, is_again=True)])
    return None


async def _news(tx: Tx, scope: Scope, event: StoredEvent) -> tuple[Parcel, Sequence[BuyerStatus]] | None:
    """The parcel, and what its buyer is to hear."""
    if event.name == "track_updated":
        track = await get_track(tx, scope, event.object_id)
        news = rules.news_of(track)
        if track.label_id is None or not news:
            return None
        parcel = await queries.get_parcel(tx, scope, track.label_id)
        return (parcel, news) if parcel.label.status not in ("ERROR", "QUEUED") else None
    parcel = await queries.get_parcel(tx, scope, event.object_id)
    return (parcel, ["PRE_TRANSIT"]) if rules.is_sold(parcel) else None


async def _drafts(tx: Tx, scope: Scope, parcel: Parcel, news: Sequence[BuyerStatus]) -> list[BuyerDraft]:
    """What is to be written of it by each channel that has not told it yet."""
    settings = await queries.get_settings(tx, scope)
    look = await get_look(tx, scope)
    drafts = []
    for status in news:
        told = {each.channel for each in await _told(tx, scope, parcel.label.id, status)}
        channels = [each for each in CHANNELS if each not in told and rules.concerns(each, status, settings)]
        drafts += [await _draft(tx, scope, parcel, status, each, settings, look) for each in channels]
    return drafts


async def _told(tx: Tx, scope: Scope, label_id: Id, status: BuyerStatus) -> list[BuyerMessage]:
    return [each for each in await queries.list_buyer_messages(tx, scope, [label_id]) if each.status == status]


async def _draft(
    tx: Tx,
    scope: Scope,
    parcel: Parcel,
    status: BuyerStatus,
    channel: Channel,
    settings: MessageSettings,
    look: Look,
) -> BuyerDraft:
    recipient, reason = rules.recipient_of(channel, parcel.address)
    if reason is None and await is_suppressed(tx, scope, channel, recipient):
        reason = "stopped"
    if status not in settings.of(channel):
        reason = "off"
    reason = rules.objection(parcel, status, settings, is_test=scope.is_test) or reason
    if reason is None and channel == "sms" and not scope.is_test and _has_no_gateway():
        reason = "no_gateway"
    draft = BuyerDraft(
        scope=scope,
        id=new_id(),
        label_id=parcel.label.id,
        status=status,
        channel=channel,
        recipient=recipient,
        reason=reason,
        keep=scope.is_test,
    )
    if reason is not None:
        return draft
    text, unsubscribe_url = render_message(parcel, status, channel, look, services().public_url, is_test=scope.is_test)
    return msgspec.structs.replace(
        draft, text=text, sender_name=look.name, reply_to=look.support_email, unsubscribe_url=unsubscribe_url
    )


def _has_no_gateway() -> bool:
    """Mail goes out and texts cannot. Without both, this is a trial, and everything stays in the mailbox."""
    return services().texter is None and services().mailer is not None
