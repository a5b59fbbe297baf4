"""NDJSON or an array in, one result per line out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from portside.errors import BadRequest
from portside.rest.body import values


class LineResult(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of one line: 201 with the order's id, 200 if an earlier request with the same Idempotency-Key had
    made it, or 4xx with `errors` in the shape of a single POST."""

    line: int
    status: int
    object_id: str | None = None
    order_number: str | None = None
    errors: dict[str, Any] | None = None


class ImportOut(msgspec.Struct, kw_only=True):
    created: int
    repeated: int
    failed: int
    results: list[LineResult]


def lines_of(raw: bytes, content_type: bytes, most: int) -> list[bytes]:
    """The orders of a body, each as JSON. Raises BadRequest."""
    found = list(_split(raw, content_type))
    if not found:
        raise BadRequest("There are no orders in the body.")
    if len(found) > most:
        raise BadRequest(f"At most {most} orders can be imported at once; send them in several requests.")
    return found


def _split(raw: bytes, content_type: bytes) -> Iterator[bytes]:
    start = raw.lstrip()[:1]
    if start == b"[":
        try:
            yield from map(bytes, msgspec.json.decode(raw, type=list[msgspec.Raw]))
        except (msgspec.MsgspecError, RecursionError):
            # The patient way says what is wrong, or forgives it.
            yield from (json.dumps(item, default=str).encode() for item in _listed(values(raw, content_type)))
    elif start == b"{":
        yield from (line for line in raw.splitlines() if line.strip())
    elif start:
        raise BadRequest("Send orders as JSON lines or as a JSON array.")


def _listed(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise BadRequest("Send orders as JSON lines or as a JSON array.")
    return found
