"""Reads of messages."""

from __future__ import annotations

import msgspec
import structlog

from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.crypto import CannotOpen, KeyRing, place
from portside.kit.folding import fold
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.notifications.models import Channel, Message, SystemMail, Text

_log = structlog.get_logger(__name__)

_COLUMNS = ", ".join(Message.__struct_fields__)
_SELECT = f"SELECT {_COLUMNS} FROM mailbox_messages WHERE account_id = $1 AND mode = $2"


async def get_message(tx: Tx, scope: Scope, message_id: Id) -> Message:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_SELECT} AND id = $3", scope.account_id, scope.mode, message_id)
    if row is None:
        raise NotFound
    return _message(row)


async def is_suppressed(tx: Tx, scope: Scope, channel: Channel, address: str) -> bool:
    """Whether somebody wants no messages from the account."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM suppressions WHERE account_id = $1 AND channel = $2 AND address = $3)",
        scope.account_id,
        channel,
        fold(address),
    )
    return found


async def list_messages(tx: Tx, scope: Scope, page: PageRequest, *, kept_to_buyers: bool = False) -> Slice[Message]:
    """Newest first; or only what would be told to buyers and stayed here."""
    sql = f"{_SELECT} AND state = 'kept' AND name = 'parcel'" if kept_to_buyers else _SELECT
    return (await fetch_page(tx, sql, (scope.account_id, scope.mode), page)).map(_message)


async def get_system_mail(tx: Tx, keys: KeyRing, mail_id: Id) -> SystemMail:
    """Mail with no account in hand, opened. Raises NotFound.

    # unscoped: it belongs to no account; pages and commands decide who may read it.
    """
    row = await tx.fetchrow("SELECT * FROM system_mails WHERE id = $1", mail_id)
    if row is None:
        raise NotFound
    return _system_mail(row, keys)


async def list_kept_mails(tx: Tx, keys: KeyRing, page: PageRequest) -> Slice[SystemMail]:
    """What no server has taken and still is of use, newest first.

    # unscoped: it belongs to no account.
    """
    found = await fetch_page(tx, "SELECT * FROM system_mails WHERE state <> 'sent' AND expires_at > now()", (), page)
    return found.map(lambda row: _system_mail(row, keys))


def sealed_place(mail_id: Id) -> str:
    """Where the text of a mail is sealed for."""
    return place("system_mails", "sealed", mail_id)


def _system_mail(row: Row, keys: KeyRing) -> SystemMail:
    mail_id = Id(row["id"])
    text = _opened(mail_id, row["sealed"], keys)
    names = [name for name in SystemMail.__struct_fields__ if name not in ("id", "text")]
    return SystemMail(id=mail_id, text=text, **{name: row[name] for name in names})


def _opened(mail_id: Id, sealed: bytes | None, keys: KeyRing) -> Text | None:
    if sealed is None:
        return None
    try:
        return msgspec.json.decode(keys.open(sealed, sealed_place(mail_id)), type=Text)
    except CannotOpen as error:
        # Its key is gone. Whoever waits for the mail asks for another; the rest of the list can still be read.
        _log.warning("mail_cannot_be_opened", mail=mail_id, error=str(error))
        return None


def _message(row: Row) -> Message:
    return Message(**{name: row[name] for name in Message.__struct_fields__})
