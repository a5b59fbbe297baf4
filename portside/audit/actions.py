"""Writing the audit log; it is read on the activity page and never changed."""

from __future__ import annotations

from typing import Any

from portside.db.tx import Tx
from portside.kit.clock import now
from portside.kit.ids import new_id
from portside.kit.peer import peer
from portside.kit.scope import Scope


async def note(
    tx: Tx, scope: Scope, action: str, subject: str = "", details: dict[str, Any] | None = None, address: str = ""
) -> None:
    """Write down that the scope's actor did this, in the transaction that does it.

    `action` is a name of audit/models.Action (`token.created`), `subject` names what it was done to in words for
    people, `details` holds further facts and no secrets, `address` is the client's (unless given, the one that the
    request in hand comes from).
    """
    await tx.execute(
        "INSERT INTO audit_entries (id, account_id, actor, action, subject, details, address, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new_id(),
        scope.account_id,
        str(scope.actor),
        action,
        subject,
        details or {},
        address or peer(),
        now(),
    )
