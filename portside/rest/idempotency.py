"""`Idempotency-Key`: a repeated POST answers with the object that the first one made.

The key is claimed in the transaction that creates or reserves, so a crash leaves either nothing or a key that points
to what exists; a second request with the key waits for the first one's transaction.
"""

from __future__ import annotations

import hashlib

from portside.db.tx import Tx
from portside.errors import BadRequest, Conflict
from portside.kit.clock import now
from portside.kit.ids import Id, as_id
from portside.kit.scope import Scope

LONGEST_KEY = 255

_CLAIM = (
    "INSERT INTO idempotency_keys (account_id, mode, key_hash, operation, body_hash, object_id, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING object_id"
)
_FIND = (
    "SELECT operation, body_hash, object_id FROM idempotency_keys WHERE account_id = $1 AND mode = $2 AND key_hash = $3"
)
_POINT = "UPDATE idempotency_keys SET object_id = $4 WHERE account_id = $1 AND mode = $2 AND key_hash = $3"
_RELEASE = "DELETE FROM idempotency_keys WHERE account_id = $1 AND mode = $2 AND key_hash = $3"


def check_key(key: str) -> str:
    """The key as sent; empty means none. Raises BadRequest."""
    if len(key) > LONGEST_KEY:
        raise BadRequest(f"Idempotency-Key may have at most {LONGEST_KEY} characters.")
    return key.strip()


async def claim(tx: Tx, scope: Scope, key: str, operation: str, body: bytes, object_id: Id) -> Id | None:
    """Claim the key for `object_id`; None means it is ours now, an id is the object that it already points to.

    Raises Conflict when the key was used for another body or operation.
    """
    key_hash, body_hash = _digest(key.encode()), _digest(body)
    claimed = await tx.fetchval(_CLAIM, scope.account_id, scope.mode, key_hash, operation, body_hash, object_id, now())
    if claimed is not None:
        return None
    row = await tx.fetchrow(_FIND, scope.account_id, scope.mode, key_hash)
    if row is None or row["operation"] != operation or row["body_hash"] != body_hash:
        raise Conflict("This Idempotency-Key was used for another request.", code="idempotency_key_reused")
    return as_id(row["object_id"])


async def point_to(tx: Tx, scope: Scope, key: str, object_id: Id) -> None:
    """Let a key claimed in this transaction point to an object that turned out to exist already."""
    await tx.execute(_POINT, scope.account_id, scope.mode, _digest(key.encode()), object_id)


async def release(tx: Tx, scope: Scope, key: str) -> None:
    """Give a key back: the request it came with was wrong and made nothing."""
    await tx.execute(_RELEASE, scope.account_id, scope.mode, _digest(key.encode()))


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
