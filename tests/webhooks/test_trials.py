"""Tests of receivers on demand: a sample goes out at once, and its answer comes back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portside.db.pool import current_pool
from portside.webhooks import rules
from portside.webhooks.samples import sample_body
from portside.webhooks.signing import BadSignature, verify_shippo, verify_standard
from tests.support.cast import Person
from tests.webhooks.conftest import Receive, happen, subscribe, work
from tests.webhooks.receivers import breaks_off, hangs, says

Configure = Callable[..., None]


async def tried(api: httpx.AsyncClient, webhook: str, **body: Any) -> dict[str, Any]:
    answer = await api.post(f"/webhooks/{webhook}/test", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_sample_arrives_at_once_signed_and_marked(api: httpx.AsyncClient, receive: Receive) -> None:
    receiver = await receive(says(202, "taken", X_Trace="9"))
    webhook = await subscribe(api, receiver, "track_updated")
    secret = (await api.get(f"/webhooks/{webhook}/secret")).json()["secret"]
    told = await tried(api, webhook)
    (got,) = receiver.got
    assert got.body.decode() == sample_body("track_updated") == told["request_body"]
    assert (got.json["test"], got.json["metadata"]) == (True, "Portside test webhook")
    verify_shippo(secret, got.headers["shippo-auth-signature"], got.body, time.time())
    verify_standard(secret, got.headers, got.body, time.time())
    assert (told["object_id"], told["event"], told["kind"]) == (got.id, "track_updated", "sample")
    assert (told["status"], told["verdict"], told["error"]) == (202, "good", None)
    assert (told["response_body"], told["response_headers"]["x-trace"]) == ("taken", "9")
    assert secret not in json.dumps(told) and told["request_headers"]["Shippo-Auth-Signature"] == "[redacted]"


async def test_a_forged_sample_carries_a_signature_of_nobody(api: httpx.AsyncClient, receive: Receive) -> None:
    receiver = await receive(says(200))
    webhook = await subscribe(api, receiver)
    secret = (await api.get(f"/webhooks/{webhook}/secret")).json()["secret"]
    told = await tried(api, webhook, forged=True)
    (got,) = receiver.got
    with pytest.raises(BadSignature):
        verify_shippo(secret, got.headers["shippo-auth-signature"], got.body, time.time())
    with pytest.raises(BadSignature):
        verify_standard(secret, got.headers, got.body, time.time())
    assert (told["kind"], told["verdict"]) == ("forged", "bad")
    receiver.answer = says(401)
    assert (await tried(api, webhook, forged=True))["verdict"] == "good"
    assert (await tried(api, webhook))["verdict"] == "bad"


async def test_what_goes_wrong_is_told(api: httpx.AsyncClient, receive: Receive, configure: Configure) -> None:
    receiver = await receive(breaks_off)
    webhook = await subscribe(api, receiver)
    broken = await tried(api, webhook)
    assert (broken["status"], broken["verdict"]) == (None, "unanswered")
    assert "closed by the peer" in broken["error"]
    private = await api.post("/webhooks", json={"event": "all", "url": "http://10.0.0.1/hook"})
    assert "10.0.0.1" in (await tried(api, private.json()["object_id"]))["error"]
    configure(webhook_timeout_seconds=0.05)
    receiver.answer = hangs
    assert "no answer in time" in (await tried(api, webhook))["error"]


async def test_the_event_may_be_chosen_among_those_subscribed(api: httpx.AsyncClient, receive: Receive) -> None:
    receiver = await receive(says(200))
    webhook = await subscribe(api, receiver, "all")
    for event in ("batch_purchased", "transaction_updated"):
        assert (await tried(api, webhook, event=event))["event"] == event
    for wrong in ("order_created", "all", "nothing", 5):
        answer = await api.post(f"/webhooks/{webhook}/test", json={"event": wrong})
        assert answer.status_code == 400 and list(answer.json()) == ["event"], answer.text
    assert [got.json["event"] for got in receiver.got] == ["batch_purchased", "transaction_updated"]


async def test_a_test_changes_nothing_of_the_endpoint(
    api: httpx.AsyncClient, alice: Person, receive: Receive, configure: Configure
) -> None:
    configure(webhook_retry_schedule=(60, 60))
    receiver = await receive(says(500))
    webhook = await subscribe(api, receiver)
    event = await happen(alice.scope)
    await work()
    before = (await api.get(f"/webhooks/{webhook}")).json()
    receiver.answer = says(410)
    await tried(api, webhook)
    receiver.answer = says(200)
    await tried(api, webhook)
    assert before["failing_since"] and (await api.get(f"/webhooks/{webhook}")).json() == before
    deliveries = (await api.get(f"/webhooks/{webhook}/deliveries")).json()["results"]
    assert [each["object_id"] for each in deliveries] == [event]
    assert [each["object_id"] for each in (await api.get("/events")).json()["results"]] == [event]
    kinds = await current_pool().fetch(
        "SELECT test_kind, status FROM webhook_attempts WHERE webhook_id = $1 ORDER BY id", webhook
    )
    assert [tuple(row) for row in kinds] == [(None, 500), ("sample", 410), ("sample", 200)]


async def test_a_webhook_that_is_off_can_be_tried(api: httpx.AsyncClient, receive: Receive) -> None:
    webhook = await subscribe(api, await receive(says(200)), active=False)
    assert (await tried(api, webhook))["verdict"] == "good"


async def test_tests_are_counted(api: httpx.AsyncClient, receive: Receive, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = await receive(says(200))
    one, other = await subscribe(api, receiver), await subscribe(api, receiver)
    answers = [await api.post(f"/webhooks/{one}/test", json={}) for _ in range(2 * rules.TRIALS_OF_WEBHOOK + 1)]
    refused = [answer for answer in answers if answer.status_code == 429]
    # The minute may turn once while we count.
    assert len(answers) - len(refused) in range(rules.TRIALS_OF_WEBHOOK, 2 * rules.TRIALS_OF_WEBHOOK + 1) and refused
    assert int(refused[0].headers["retry-after"]) in range(1, 61)
    assert len(receiver.got) == len(answers) - len(refused)
    assert (await api.post(f"/webhooks/{other}/test", json={})).status_code == 200
    monkeypatch.setattr(rules, "TRIALS_OF_ACCOUNT", 0)
    assert (await api.post(f"/webhooks/{other}/test", json={})).status_code == 429


async def test_charlie_cannot_have_it_tried(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient, receive: Receive
) -> None:
    receiver = await receive(says(200))
    webhook = await subscribe(api, receiver)
    assert (await charlie_api.post(f"/webhooks/{webhook}/test", json={})).status_code == 404
    assert (await charlie_api.post("/webhooks/nonsense/test", json={})).status_code == 404
    assert receiver.got == []
