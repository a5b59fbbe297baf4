"""Subscriptions over HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, get_args

import httpx
import pytest
from shippo.models.components.webhook import Webhook as SdkWebhook
from shippo.models.components.webhookpaginatedlist import WebhookPaginatedList as SdkList

from portside.audit.queries import list_entries
from portside.db.begin import reading
from portside.db.pool import current_pool
from portside.kit.paging import PageRequest
from portside.webhooks.models import Subscription
from tests.support.cast import Person

URL = "https://shop.example.com/hook?token=abc"


async def test_a_webhook_is_created_read_changed_and_deleted(api: httpx.AsyncClient, alice: Person) -> None:
    made = await api.post("/webhooks", json={"event": "transaction_created", "url": URL, "is_test": "true"})
    body = made.json()
    assert made.status_code == 201
    assert (body["event"], body["url"], body["active"], body["is_test"]) == ("transaction_created", URL, True, True)
    assert body["object_owner"] == alice.email and body["object_created"].endswith("Z")
    assert "secret" not in body and SdkWebhook.from_dict(body).object_id == body["object_id"]
    path = f"/webhooks/{body['object_id']}"
    assert (await api.get(path)).json() == body
    listed = (await api.get("/webhooks/")).json()
    assert listed == {"next": None, "previous": None, "count": 1, "results": [body]}
    assert SdkList.from_dict(listed).count == 1
    changed = await api.put(path, json={"event": "all", "url": URL + "d", "active": "False"})
    assert changed.status_code == 200
    assert (changed.json()["event"], changed.json()["url"], changed.json()["active"]) == ("all", URL + "d", False)
    kept = await api.put(path, json={"event": "all", "url": URL})
    assert kept.json()["active"] is False
    gone = await api.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.get(path)).status_code == (await api.delete(path)).status_code == 404


@pytest.mark.parametrize("event", get_args(Subscription))
async def test_every_event_can_be_subscribed(api: httpx.AsyncClient, event: str) -> None:
    assert (await api.post("/webhooks", json={"event": event, "url": URL})).status_code == 201


async def test_all_that_is_wrong_is_said_at_once(api: httpx.AsyncClient) -> None:
    wrong = {"event": "label_created", "url": "not a url", "active": "perhaps", "is_test": "perhaps"}
    made = (await api.post("/webhooks", json={"event": "all", "url": URL})).json()
    for answer in (
        await api.post("/webhooks", json=wrong),
        await api.put(f"/webhooks/{made['object_id']}", json=wrong),
    ):
        assert answer.status_code == 400 and set(answer.json()) == set(wrong)
        assert answer.json()["url"][0].startswith("Enter a valid URL.")


async def test_a_live_token_hears_of_a_wrong_address_and_of_its_mode_at_once(alice: Person, product: Any) -> None:
    async with product(alice.live_token) as live:
        answer = await live.post("/webhooks", json={"event": "all", "url": "not a url", "is_test": True})
    assert answer.status_code == 400 and set(answer.json()) == {"url", "is_test"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event": "all"}, "url"),
        ({"url": URL}, "event"),
        ({"event": "label_created", "url": URL}, "event"),
        ({"event": "all", "url": "not a url"}, "url"),
        ({"event": "all", "url": "ftp://shop.example.com/"}, "url"),
        ({"event": "all", "url": "//shop.example.com/"}, "url"),
        ({"event": "all", "url": "https://user:word@shop.example.com/"}, "url"),
        ({"event": "all", "url": "https://shop.example.com/" + "x" * 175}, "url"),
        ({"event": "all", "url": URL, "active": "perhaps"}, "active"),
    ],
)
async def test_a_wrong_field_is_named(api: httpx.AsyncClient, body: dict[str, str], field: str) -> None:
    answer = await api.post("/webhooks", json=body)
    assert answer.status_code == 400 and list(answer.json()) == [field]


async def test_a_url_of_199_characters_and_a_private_address_are_taken(api: httpx.AsyncClient) -> None:
    for url in ("https://shop.example.com/" + "x" * 174, "http://10.0.0.1/hook", "http://127.0.0.1:9/hook"):
        assert (await api.post("/webhooks", json={"event": "all", "url": url})).status_code == 201


async def test_the_token_decides_the_mode(
    api: httpx.AsyncClient, product: Callable[..., httpx.AsyncClient], alice: Person
) -> None:
    test = await api.post("/webhooks", json={"event": "all", "url": URL, "is_test": False})
    assert test.json()["is_test"] is True
    async with product(alice.live_token) as live:
        assert (await live.get(f"/webhooks/{test.json()['object_id']}")).status_code == 404
        made = await live.post("/webhooks", json={"event": "all", "url": URL})
        assert made.json()["is_test"] is False
        refused = await live.post("/webhooks", json={"event": "all", "url": URL, "is_test": True})
        assert refused.status_code == 400 and list(refused.json()) == ["is_test"]
        assert (await live.get("/webhooks")).json()["count"] == 1


async def test_a_secret_is_shown_on_its_own_and_rotated(api: httpx.AsyncClient) -> None:
    made = (await api.post("/webhooks", json={"event": "all", "url": URL})).json()
    path = f"/webhooks/{made['object_id']}"
    first = (await api.get(f"{path}/secret")).json()
    assert first["secret"].startswith("whsec_") and first["previous_expires"] is None
    rotated = (await api.post(f"{path}/rotate-secret")).json()
    assert rotated["secret"] != first["secret"] and (await api.get(f"{path}/secret")).json() == rotated
    ends = dt.datetime.fromisoformat(rotated["previous_expires"])
    assert ends > dt.datetime.now(dt.UTC) + dt.timedelta(hours=23)
    at_once = (await api.post(f"{path}/rotate-secret", json={"grace_hours": 0})).json()
    assert at_once["secret"] != rotated["secret"]
    assert (await api.post(f"{path}/rotate-secret", json={"grace_hours": 1000})).status_code == 400
    for answer in (await api.get(path), await api.get("/webhooks")):
        assert "whsec_" not in answer.text


async def test_secrets_are_sealed_in_the_database(api: httpx.AsyncClient) -> None:
    made = (await api.post("/webhooks", json={"event": "all", "url": URL})).json()
    secret = (await api.get(f"/webhooks/{made['object_id']}/secret")).json()["secret"]
    rows = await current_pool().fetch("SELECT sealed FROM webhook_secrets WHERE webhook_id = $1", made["object_id"])
    assert len(rows) == 1 and secret[6:].encode() not in rows[0]["sealed"]


async def test_charlie_sees_nothing_of_alices(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    made = (await api.post("/webhooks", json={"event": "all", "url": URL})).json()
    path, event = f"/webhooks/{made['object_id']}", "0" * 32
    assert (await charlie_api.get("/webhooks")).json()["count"] == 0
    for answer in (
        await charlie_api.get(path),
        await charlie_api.put(path, json={"event": "all", "url": URL}),
        await charlie_api.delete(path),
        await charlie_api.get(f"{path}/secret"),
        await charlie_api.post(f"{path}/rotate-secret"),
        await charlie_api.get(f"{path}/deliveries"),
        await charlie_api.get(f"{path}/deliveries/{event}"),
        await charlie_api.post(f"{path}/deliveries/{event}/resend"),
        await charlie_api.post(f"{path}/recover", json={"since": "2026-01-01T00:00:00Z"}),
    ):
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
    assert (await api.get(path)).json() == made


async def test_pages(api: httpx.AsyncClient) -> None:
    ids = [(await api.post("/webhooks", json={"event": "all", "url": URL})).json()["object_id"] for _ in range(3)]
    first = (await api.get("/webhooks?results=2")).json()
    assert first["count"] == 3 and [each["object_id"] for each in first["results"]] == ids[:0:-1]
    assert [each["object_id"] for each in (await api.get(first["next"])).json()["results"]] == ids[:1]


async def test_changes_are_in_the_audit_log_without_what_may_be_secret(api: httpx.AsyncClient, alice: Person) -> None:
    made = (await api.post("/webhooks", json={"event": "all", "url": URL})).json()
    path = f"/webhooks/{made['object_id']}"
    await api.put(path, json={"event": "all", "url": URL, "active": False})
    await api.post(f"{path}/rotate-secret")
    await api.delete(path)
    async with reading() as tx:
        told = await list_entries(tx, alice.scope, PageRequest(size=10))
    entries = [(entry.action, entry.subject) for entry in told.rows]
    url = URL.partition("?")[0]
    names = ("webhook.deleted", "webhook.secret_rotated", "webhook.changed", "webhook.created")
    assert entries == [(name, url) for name in names]
