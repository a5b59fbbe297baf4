"""Two apps that act in one account at once: neither gets in the other's way, nor into what is the other's."""

from __future__ import annotations

import httpx

from tests.oauth.parties import Partner, bearer, connect
from tests.orders.data import order_body
from tests.support.cast import Person

KEY = {"Idempotency-Key": "1068"}
HOOK = {"url": "https://store.example/hook", "event": "track_updated"}


async def test_the_same_idempotency_key_of_two_apps_is_two_keys(
    server: httpx.AsyncClient, partner: Partner, rival: Partner, alice: Person
) -> None:
    ours, theirs = [bearer(await connect(server, each, alice)) | KEY for each in (partner, rival)]
    # Both number their orders from one, as stores do.
    first = await server.post("/orders", json=order_body(order_number="ours"), headers=ours)
    second = await server.post("/orders", json=order_body(order_number="theirs"), headers=theirs)
    assert (first.status_code, second.status_code) == (201, 201), second.text
    assert second.json()["app"]["client_id"] == rival.app.client_id
    again = await server.post("/orders", json=order_body(order_number="ours"), headers=ours)
    assert again.json()["object_id"] == first.json()["object_id"]


async def test_nobody_gets_the_kept_answer_of_another_app(
    server: httpx.AsyncClient, partner: Partner, rival: Partner, alice: Person
) -> None:
    answers = []
    callers = [bearer(await connect(server, each, alice)) for each in (partner, rival)]
    for headers in [*callers, bearer(alice.token)]:
        answer = await server.post("/webhooks", json=HOOK, headers=headers | KEY)
        assert answer.status_code == 201 and "idempotent-replayed" not in answer.headers
        answers.append(answer.json()["object_id"])
    assert len(set(answers)) == 3
    # A further token of the same app is the same app.
    token = await connect(server, partner, alice)
    again = await server.post("/webhooks", json=HOOK, headers=bearer(token) | KEY)
    assert again.json()["object_id"] == answers[0] and again.headers["idempotent-replayed"] == "true"


async def test_the_rows_of_a_bulk_push_are_each_apps_own(
    server: httpx.AsyncClient, partner: Partner, rival: Partner, alice: Person
) -> None:
    made = []
    for each in (partner, rival):
        headers = bearer(await connect(server, each, alice)) | KEY
        answer = await server.post("/orders/bulk", json=[order_body(order_number=each.app.name)], headers=headers)
        made.append((answer.json()["created"], answer.json()["failed"]))
    assert made == [(1, 0), (1, 0)]
