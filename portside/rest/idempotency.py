"""`Idempotency-Key`: a repeated POST is carried out once and answered as the first time.

Where a repeat would cost money or double an order, the handler claims the key itself (`claim`), in the transaction that
creates or reserves: a crash leaves either nothing, or a key that points to what exists. Every other POST goes through
`once`: the key is leased, the handler runs, and its answer is kept for the repeats. A process that dies in between
leaves the lease to run out, after which the request may be sent again.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from http import HTTPStatus

import msgspec
import structlog

from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import AppError, BadRequest, Conflict, Unavailable
from portside.kit.clock import now
from portside.kit.ids import Id, as_id, new_id
from portside.kit.scope import Scope
from portside.rest.answer import Answer, refusal

LONGEST_KEY = 255
KEPT_HOURS = 24
# Longer than any handler takes, carriers included.
LEASE = dt.timedelta(minutes=2)
# How long a repeat waits for the first request before it is told to come back.
_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5)
REPLAYED = (b"idempotent-replayed", b"true")

_log = structlog.get_logger(__name__)
_replayed: ContextVar[bool] = ContextVar("replayed", default=False)

_CLAIM = (
    "INSERT INTO idempotency_keys (account_id, mode, key_hash, operation, body_hash, object_id, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING object_id"
)
_CLAIM_MANY = (
    "INSERT INTO idempotency_keys (account_id, mode, key_hash, operation, body_hash, object_id, created_at) "
    "SELECT $1, $2, k, $4, b, o, $7 FROM unnest($3::bytea[], $5::bytea[], $6::uuid[]) AS given (k, b, o) "
    "ON CONFLICT DO NOTHING RETURNING key_hash"
)
_FIND_MANY = (
    "SELECT key_hash, operation, body_hash, object_id FROM idempotency_keys "
    "WHERE account_id = $1 AND mode = $2 AND key_hash = ANY($3::bytea[])"
)
_LEASE = (
    "INSERT INTO idempotency_keys (account_id, mode, key_hash, operation, body_hash, object_id, created_at, "
    "leased_until) VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8) "
    "ON CONFLICT (account_id, mode, key_hash) DO UPDATE "
    "SET object_id = excluded.object_id, leased_until = excluded.leased_until "
    "WHERE idempotency_keys.leased_until < now() AND idempotency_keys.operation = excluded.operation "
    "AND idempotency_keys.body_hash = excluded.body_hash RETURNING object_id"
)
_FIND = (
    "SELECT operation, body_hash, object_id, leased_until, status, answer FROM idempotency_keys "
    "WHERE account_id = $1 AND mode = $2 AND key_hash = $3"
)
_POINT = "UPDATE idempotency_keys SET object_id = $4 WHERE account_id = $1 AND mode = $2 AND key_hash = $3"
_RELEASE = "DELETE FROM idempotency_keys WHERE account_id = $1 AND mode = $2 AND key_hash = $3"
# A lease is its `object_id`: whoever lost it to another may neither free nor finish the key.
_FREE = f"{_RELEASE} AND object_id = $4"
_FINISH = (
    "UPDATE idempotency_keys SET leased_until = NULL, status = $5, answer = $6 "
    "WHERE account_id = $1 AND mode = $2 AND key_hash = $3 AND object_id = $4"
)


class Keyed(msgspec.Struct, frozen=True):
    """A request with an Idempotency-Key. `keeps_answer` is false where the answer holds a secret."""

    scope: Scope
    key: str
    operation: str
    body: bytes
    keeps_answer: bool = True


def check_key(key: str) -> str:
    """The key as sent; empty means none. Raises BadRequest."""
    if len(key) > LONGEST_KEY:
        raise BadRequest(f"Idempotency-Key may have at most {LONGEST_KEY} characters.")
    return key.strip()


async def claim(tx: Tx, scope: Scope, key: str, operation: str, body: bytes, object_id: Id) -> Id | None:
    """Claim the key for `object_id`; None means it is ours now, an id is the object that it already points to.

    Raises Conflict when the key was used for another body or operation.
    """
    key_hash, body_hash = _key_hash(scope, key), _digest(body)
    claimed = await tx.fetchval(_CLAIM, scope.account_id, scope.mode, key_hash, operation, body_hash, object_id, now())
    if claimed is not None:
        return None
    row = await tx.fetchrow(_FIND, scope.account_id, scope.mode, key_hash)
    if row is None or row["operation"] != operation or row["body_hash"] != body_hash:
        raise _reused()
    _replayed.set(True)
    return as_id(row["object_id"])


async def claim_many(tx: Tx, scope: Scope, operation: str, claims: Sequence[tuple[str, bytes, Id]]) -> list[Id | None]:
    """`claim` for many (key, body, object id) in two statements; the answers are in the order of the claims."""
    hashes = [_key_hash(scope, key) for key, _, _ in claims]
    bodies = [_digest(body) for _, body, _ in claims]
    ids = [object_id for _, _, object_id in claims]
    rows = await tx.fetch(_CLAIM_MANY, scope.account_id, scope.mode, hashes, operation, bodies, ids, now())
    claimed = {row["key_hash"] for row in rows}
    missing = [key_hash for key_hash in hashes if key_hash not in claimed]
    found = await tx.fetch(_FIND_MANY, scope.account_id, scope.mode, missing) if missing else []
    known = {row["key_hash"]: row for row in found}
    for key_hash, body_hash in zip(hashes, bodies, strict=True):
        row = known.get(key_hash)
        if row is not None and (row["operation"] != operation or row["body_hash"] != body_hash):
            raise _reused()
    return [None if key_hash in claimed else as_id(known[key_hash]["object_id"]) for key_hash in hashes]


async def point_to(tx: Tx, scope: Scope, key: str, object_id: Id) -> None:
    """Let a key claimed in this transaction point to an object that turned out to exist already."""
    await tx.execute(_POINT, scope.account_id, scope.mode, _key_hash(scope, key), object_id)


async def release(tx: Tx, scope: Scope, key: str) -> None:
    """Give a key back: the request it came with was wrong and made nothing."""
    await tx.execute(_RELEASE, scope.account_id, scope.mode, _key_hash(scope, key))


async def claimed_by_handler(run: Callable[[], Awaitable[Answer]]) -> Answer:
    """Run a handler that claims its key itself, and mark its answer if the key had been claimed before."""
    _replayed.set(False)
    answer = await run()
    if not _replayed.get():
        return answer
    return msgspec.structs.replace(answer, headers=(*answer.headers, REPLAYED))


async def once(
    request: Keyed, run: Callable[[], Awaitable[Answer]], refused: Callable[[AppError], Answer] = refusal
) -> Answer:
    """Run the request, or give the kept answer of the one before it.

    Answers are kept, refusals too, as `refused` shows them. If the server failed or was busy the key is free again.
    Raises Conflict when the key was used for another request, or the first one is still under way, or its answer could
    not be kept.
    """
    lease = new_id()
    kept = await _lease(request, lease)
    if kept is not None:
        return kept
    outcome: tuple[int, bytes | None] | None = None
    try:
        answer = await run()
        outcome = (answer.status, answer.body if request.keeps_answer else None)
        return answer
    except AppError as error:
        if error.status < HTTPStatus.INTERNAL_SERVER_ERROR and error.status != HTTPStatus.TOO_MANY_REQUESTS:
            answer = refused(error)
            outcome = (answer.status, answer.body)
        raise
    finally:
        await _settle(request, lease, outcome)


async def _lease(request: Keyed, lease: Id) -> Answer | None:
    """Lease the key; None means it is ours. Waits a little for another request with it."""
    scope, key_hash, body_hash = request.scope, _key_hash(request.scope, request.key), _digest(request.body)
    for pause in _WAITS:
        async with reading() as tx:
            leased = await tx.fetchval(
                _LEASE, scope.account_id, scope.mode, key_hash, request.operation, body_hash, lease, now(), LEASE
            )
            if leased is not None:
                return None
            row = await tx.fetchrow(_FIND, scope.account_id, scope.mode, key_hash)
        if row is not None and (row["operation"] != request.operation or row["body_hash"] != body_hash):
            raise _reused()
        if row is not None and row["leased_until"] is None:
            return _replay(row["status"], row["answer"])
        await asyncio.sleep(pause)
    raise Conflict("The first request with this Idempotency-Key is still under way.", code="idempotency_key_in_use")


def _replay(status: int, body: bytes | None) -> Answer:
    if body is None:
        raise Conflict(
            "This request was carried out before. Its answer holds a secret, so it was not kept.",
            code="idempotent_answer_not_kept",
        )
    return Answer(status, body, headers=(REPLAYED,))


async def _settle(request: Keyed, lease: Id, outcome: tuple[int, bytes | None] | None) -> None:
    """Keep the outcome, or free the key without one."""
    mine = (request.scope.account_id, request.scope.mode, _key_hash(request.scope, request.key), lease)
    try:
        async with begin() as tx:
            await (tx.execute(_FREE, *mine) if outcome is None else tx.execute(_FINISH, *mine, *outcome))
    except Unavailable:
        # What the handler did stands and its caller is told so; a repeat waits until the lease runs out.
        _log.warning("idempotency_key_not_settled", operation=request.operation)


# unscoped: time passes for all accounts alike.
async def forget_old_keys(tx: Tx) -> None:
    """Forget keys after a day, as the documentation says."""
    await tx.execute("DELETE FROM idempotency_keys WHERE created_at < $1", now() - dt.timedelta(hours=KEPT_HOURS))


def _reused() -> Conflict:
    return Conflict("This Idempotency-Key was used for another request.", code="idempotency_key_reused")


def _key_hash(scope: Scope, key: str) -> bytes:
    """Several apps may act in an account, and each knows only its own keys: those are apart from everybody else's."""
    owner = f"{scope.actor}\0" if scope.actor.kind == "app" else ""
    return _digest(f"{owner}{key}".encode())


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
