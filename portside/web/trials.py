"""/app/settings/webhooks/{id}/test: verify the code of a receiver by a sample that is sent at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from portside.db.begin import reading
from portside.errors import FieldErrors
from portside.events.models import EventName
from portside.kit.clock import now
from portside.rest.limits import RateLimited
from portside.web.answers import Flash
from portside.web.page import page
from portside.web.visit import Shown, Visit
from portside.web.words import plain_errors
from portside.webhooks import flows, queries
from portside.webhooks.models import Trial, Webhook
from portside.webhooks.rules import events_of, verdict

PATH = "/app/settings/webhooks"


@page("GET", PATH + "/{webhook_id}/test")
async def show_trials(visit: Visit) -> Shown:
    """The form, and how the last tests went."""
    return await _page(visit)


@page("POST", PATH + "/{webhook_id}/test")
async def try_receiver(visit: Visit) -> Shown:
    """Send a sample; to htmx the tests with this one on top."""
    wanted = visit.field("event")
    event = next((name for name in get_args(EventName) if name == wanted), None)
    kind: Any = "forged" if visit.field("signature") == "wrong" else "sample"
    try:
        if wanted and event is None:
            raise FieldErrors({"event": ["There is no such event."]})
        await flows.try_receiver(visit.scope, visit.id("webhook_id"), event, kind)
    except FieldErrors as wrong:
        return await _page(visit, flash=Flash("error", " ".join(plain_errors(wrong).values())), status=422)
    except RateLimited as limited:
        text = f"That was quick. Wait {limited.retry_after} seconds before the next test."
        return await _page(visit, flash=Flash("warning", text))
    return await _page(visit)


async def _page(visit: Visit, *, flash: Flash | None = None, status: int = 200) -> Shown:
    async with reading() as tx:
        webhook = await queries.get_kept_webhook(tx, visit.scope, visit.id("webhook_id"))
        trials = await queries.list_trials(tx, visit.scope, webhook.id)
    shown = {"trials": [_trial(trial) for trial in trials]}
    if visit.wants_fragment:
        return Shown(template="settings/_trials.html", context=shown, flash=flash, status=status)
    context = {**shown, **_form(visit, webhook)}
    return Shown(
        template="settings/webhook_test.html",
        context=context,
        section="settings",
        child="webhooks",
        flash=flash,
        status=status,
    )


def _form(visit: Visit, webhook: Webhook) -> Mapping[str, Any]:
    heard: Sequence[str] = events_of(webhook.event)
    chosen = visit.field("event")
    return {
        "url": webhook.url,
        "test_url": f"{PATH}/{webhook.id}/test",
        "secret_url": f"{PATH}?secret={webhook.id}",
        "back_url": PATH,
        "events": [{"value": name, "label": name} for name in heard],
        "form": {"data": {"event": chosen if chosen in heard else heard[0]}, "errors": {}, "message": ""},
    }


def _trial(trial: Trial) -> Mapping[str, Any]:
    sent = trial.sent
    return {
        "id": trial.id,
        "event": trial.event,
        "is_forged": trial.kind == "forged",
        "verdict": verdict(trial.kind, sent.status),
        "status": sent.status,
        "error": sent.error or "",
        "duration_ms": sent.duration_ms,
        "at": min(trial.created_at, now()),
        "request_headers": sent.request_headers,
        "request_body": trial.body,
        "response_headers": sent.response_headers or {},
        "response_body": sent.response_body or "",
    }


routes = [show_trials, try_receiver]
