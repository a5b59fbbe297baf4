"""Reads of messages."""

from __future__ import annotations

from portside.db.keyset import fetch_page
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.notifications.models import Message

_COLUMNS = ", ".join(Message.__struct_fields__)
_SELECT = f"SELECT {_COLUMNS} FROM mailbox_messages WHERE account_id = $1 AND mode = $2"


async def get_message(tx: Tx, scope: Scope, message_id: Id) -> Message:
    """Raises NotFound."""
    row = await tx.fetchrow(f"{_SELECT} AND id = $3", scope.account_id, scope.mode, message_id)
    if row is None:
        raise NotFound
    return _message(row)


async def list_messages(tx: Tx, scope: Scope, page: PageRequest) -> Slice[Message]:
    """Newest first."""
    return (await fetch_page(tx, _SELECT, (scope.account_id, scope.mode), page)).map(_message)


def _message(row: Row) -> Message:
    return Message(**{name: row[name] for name in Message.__struct_fields__})
