"""Telling people of an event (read, write the words, queue), and handing a message to the server."""

from __future__ import annotations

import structlog

from portside.accounts import queries as accounts
from portside.apps.queries import find_app_by_client_id
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import NotFound
from portside.events.models import EventRef, StoredEvent
from portside.events.queries import get_event
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.mail import Mail, MailRefused
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.kit.sms import SmsRefused, SmsStopped
from portside.notifications import actions, queries, rules
from portside.notifications.models import Message, MessageDraft, State
from portside.notifications.render import render

log = structlog.get_logger(__name__)


async def tell_owners(ref: EventRef) -> None:
    """Queue the mails about an event to the owners of the account in charge; harmless when repeated."""
    async with reading() as tx:
        try:
            event = await get_event(tx, ref)
        except NotFound:
            # Retention was quicker: nobody wants to hear of it now.
            return
        happened_in = await accounts.get_scope(tx, ref.account, ref.mode)
        account = await accounts.get_account(tx, happened_in)
        scope = await _in_charge(tx, event, happened_in)
        owners = await accounts.list_owners(tx, scope)
    name = rules.TO_OWNERS[event.name]
    context = rules.webhook_context(event, account.company_name or account.email, services().public_url)
    drafts = [
        MessageDraft(scope=scope, event_id=event.id, name=name, recipient=owner.email, text=render(name, context))
        for owner in owners
    ]
    async with begin() as tx:
        await actions.create_messages(tx, drafts)


async def _in_charge(tx: Tx, event: StoredEvent, scope: Scope) -> Scope:
    """Whose owners are to be told: those of the account, or those of the app that made the webhook there."""
    client_id = rules.app_in_charge(event)
    app = await find_app_by_client_id(tx, client_id) if client_id is not None else None
    return scope if app is None else await accounts.get_scope(tx, app.account_id, scope.mode)


async def send_mail(scope: Scope, message_id: Id) -> None:
    """Hand a message to the server; without one, it stays in the mailbox. Raises MailDelayed.

    Who dies between the server's yes and our note of it sends the message again, under the same Message-ID.
    """
    async with reading() as tx:
        message = await queries.get_message(tx, scope, message_id)
    if message.state != "waiting":
        return
    if message.channel == "sms":
        await _send_text(scope, message)
        return
    mailer = services().mailer
    if mailer is None:
        async with begin() as tx:
            await actions.mark_kept(tx, scope, message_id)
        return
    mail = Mail(
        id=message.id,
        recipient=message.recipient,
        subject=message.subject,
        text=message.body_text,
        html=message.body_html,
        created_at=message.created_at,
        sender_name=message.sender_name,
        reply_to=message.reply_to,
        unsubscribe_url=message.unsubscribe_url,
    )
    try:
        await mailer.send(mail)
    except MailRefused as error:
        log.warning("mail_refused", message=message.id, account=scope.account_id, error=str(error))
        async with begin() as tx:
            await actions.reject_message(tx, scope, message_id, str(error))
        return
    async with begin() as tx:
        await actions.mark_sent(tx, scope, message_id)


async def _send_text(scope: Scope, message: Message) -> None:
    """Hand a text message to the gateway. Raises SmsDelayed."""
    texter = services().texter
    if texter is None:
        async with begin() as tx:
            await actions.mark_kept(tx, scope, message.id)
        return
    try:
        await texter.send(message.id, message.recipient, message.body_text)
    except SmsRefused as error:
        log.warning("sms_refused", message=message.id, account=scope.account_id, error=str(error))
        async with begin() as tx:
            await actions.reject_message(tx, scope, message.id, str(error))
            if isinstance(error, SmsStopped):
                await actions.suppress(tx, scope, "sms", message.recipient)
        return
    async with begin() as tx:
        await actions.mark_sent(tx, scope, message.id)


async def send_system_mail(mail_id: Id) -> None:
    """Hand a mail with no account in hand to the server; without one it is kept to be read here. Raises MailDelayed."""
    async with reading() as tx:
        try:
            told = await queries.get_system_mail(tx, services().keys, mail_id)
        except NotFound:
            # It had become useless, and was removed.
            return
    if told.state != "waiting" or told.text is None or told.expires_at <= now():
        return
    state: State = "kept"
    error = None
    mailer = services().mailer
    if mailer is not None:
        mail = Mail(
            id=told.id,
            recipient=told.recipient,
            subject=told.text.subject,
            text=told.text.text,
            html=told.text.html,
            created_at=told.created_at,
        )
        try:
            await mailer.send(mail)
            state = "sent"
        except MailRefused as refusal:
            log.warning("mail_refused", mail=told.id, error=str(refusal))
            state, error = "refused", str(refusal)
    async with begin() as tx:
        await actions.finish_system_mail(tx, mail_id, state, error)
