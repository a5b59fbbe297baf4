"""One attempt at one delivery: the request, through the guarded door, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from portside.kit.clock import now
from portside.kit.http import USER, Answer, Door, DoorError, SendFailed
from portside.kit.ids import Id
from portside.kit.redact import redact_headers
from portside.webhooks.models import Due, Secret, Sent
from portside.webhooks.rules import is_delivered, read_retry_after
from portside.webhooks.signing import signature_headers

API_VERSION = "2018-02-08"
LONGEST_BODY = 20_000
# Seconds for a connection to get free; who waits longer only keeps others from their turns.
LONGEST_WAIT = 0.5
_MOST_HEADERS = 50
_LONGEST_HEADER = 500


async def send(
    door: Door,
    account_id: Id,
    url: str,
    due: Due,
    payload: str,
    secrets: Sequence[Secret],
    timeout: float,
    *,
    apart: bool = False,
) -> Sent | None:
    """POST the payload as it was written, signed for this moment; `timeout` in seconds. A failure is an answer, too.

    `account_id` is the endpoint's own. None: nothing was tried, because our own connections, to this host or in all,
    are in use. `apart`: by those of the slow receivers.
    """
    body = payload.encode()
    headers = {
        "Content-Type": "application/json",
        "Shippo-API-Version": API_VERSION,
        "Portside-Account": due.event_account_id or account_id,
        "Portside-Event-Seq": str(due.seq),
        **signature_headers([secret.text for secret in secrets], due.event_id, int(time.time()), body),
    }
    if due.event_account_id is not None:
        headers["Shippo-Account-Id"] = due.event_account_id
    started = time.perf_counter()
    try:
        answer = await door.send(
            "POST",
            url,
            headers=headers,
            body=body,
            timeout=timeout,
            destination=USER,
            max_response_bytes=LONGEST_BODY,
            secrets=[secret.text for secret in secrets],
            wait=LONGEST_WAIT,
            apart=apart,
        )
    except DoorError as error:
        if isinstance(error, SendFailed) and error.kind == "busy":
            return None
        return _unanswered(error, headers, round((time.perf_counter() - started) * 1000))
    return _answered(answer, headers)


def _answered(answer: Answer, headers: Mapping[str, str]) -> Sent:
    return Sent(
        status=answer.status,
        error=None if is_delivered(answer.status) else _explain(answer),
        is_timeout=False,
        request_headers=redact_headers(headers),
        response_headers=_kept(answer.headers),
        response_body=_storable(answer.body.decode("utf-8", "replace")),
        duration_ms=answer.duration_ms,
        retry_after=read_retry_after(answer.headers.get("retry-after"), now()),
    )


def _unanswered(error: DoorError, headers: Mapping[str, str], duration_ms: int) -> Sent:
    """No whole answer. The status counts if it arrived: what a receiver fails to say after it changes nothing."""
    return Sent(
        status=error.status if isinstance(error, SendFailed) else None,
        error=_storable(str(error)),
        is_timeout=isinstance(error, SendFailed) and error.kind == "timeout",
        request_headers=redact_headers(headers),
        response_headers=None,
        response_body=None,
        duration_ms=duration_ms,
        retry_after=None,
    )


def _explain(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return f"The receiver answered {answer.status}; redirects are not followed."
    return f"The receiver answered {answer.status}."


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    kept = dict(list(headers.items())[:_MOST_HEADERS])
    return {_storable(name): _storable(value[:_LONGEST_HEADER]) for name, value in redact_headers(kept).items()}


def _storable(text: str) -> str:
    """Without what PostgreSQL refuses in a text."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
