"""`Idempotency-Key` on any POST: carried out once, answered as the first time, and never in another's name."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

import httpx
import pytest

from portside.db.begin import begin, reading
from portside.errors import Conflict, Overloaded
from portside.jobs.drain import drain
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.rest import idempotency
from portside.rest.answer import Answer
from portside.rest.idempotency import Keyed, once
from tests.orders.data import order_body
from tests.support.cast import Person

Maker = Callable[..., httpx.AsyncClient]

ADDRESS = {"name": "Alice", "street1": "1 Demo Wharf", "city": "San Francisco", "state": "CA", "country": "US"}
KEY = {"Idempotency-Key": "first-try"}


async def count(client: httpx.AsyncClient, path: str) -> int:
    return len((await client.get(path, params={"results": 100})).json()["results"])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats do not wait long for the first request."""
    monkeypatch.setattr(idempotency, "_WAITS", (0.01, 0.01))


def request_of(person: Person, body: bytes = b"{}", key: str = "k") -> Keyed:
    return Keyed(person.scope, key, "POST /somewhere", body)


async def abandon(request: Keyed) -> None:
    """What a process leaves behind that is killed while it carries a request out."""
    assert await idempotency._lease(request, "0" * 31 + "1") is None  # type: ignore[arg-type]


async def expire_leases(person: Person) -> None:
    async with begin() as tx:
        await tx.execute(
            "UPDATE idempotency_keys SET leased_until = now() - interval '1 second' WHERE account_id = $1",
            person.account_id,
        )


async def test_a_repeat_gets_the_first_answer_and_makes_nothing(api: httpx.AsyncClient) -> None:
    first = await api.post("/addresses", json=ADDRESS, headers=KEY)
    again = await api.post("/v1/addresses/", json=ADDRESS, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await count(api, "/addresses") == 1


async def test_orders_are_marked_as_repeated_too(api: httpx.AsyncClient) -> None:
    first = await api.post("/orders", json=order_body(), headers=KEY)
    again = await api.post("/orders", json=order_body(), headers=KEY)
    assert first.json() == again.json()
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


async def test_the_key_is_for_one_body_and_one_operation(api: httpx.AsyncClient) -> None:
    await api.post("/addresses", json=ADDRESS, headers=KEY)
    for path, body in (("/addresses", {**ADDRESS, "name": "Bob"}), ("/orders", order_body()), ("/parcels", ADDRESS)):
        if path == "/parcels":
            body = {"length": 1, "width": 1, "height": 1, "distance_unit": "in", "weight": 1, "mass_unit": "lb"}
        answer = await api.post(path, json=body, headers=KEY)
        assert answer.status_code == 409
        assert answer.json() == {"detail": "This Idempotency-Key was used for another request."}


async def test_two_at_once_make_one(api: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(api.post("/addresses", json=ADDRESS, headers=KEY) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert await count(api, "/addresses") == 1


async def test_keys_are_each_accounts_and_each_modes_own(product: Maker, alice: Person, charlie: Person) -> None:
    made = set()
    for token in (alice.token, alice.live_token, charlie.token):
        async with product(token) as client:
            answer = await client.post("/addresses", json=ADDRESS, headers=KEY)
            assert answer.status_code == 201
            made.add(answer.json()["object_id"])
    assert len(made) == 3


async def test_a_refused_request_is_refused_again_in_the_same_words(api: httpx.AsyncClient) -> None:
    body = {"carrier": "nobody", "tracking_number": "1"}
    first = await api.post("/tracks", json=body, headers=KEY)
    again = await api.post("/tracks", json=body, headers=KEY)
    assert first.status_code == again.status_code == 400
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_body_that_cannot_be_read_uses_no_key_up(api: httpx.AsyncClient) -> None:
    assert (await api.post("/addresses", json={}, headers=KEY)).status_code == 400
    assert (await api.post("/addresses", json=ADDRESS, headers=KEY)).status_code == 201


async def test_long_and_empty_keys(api: httpx.AsyncClient) -> None:
    assert (await api.post("/addresses", json=ADDRESS, headers={"Idempotency-Key": "k" * 256})).status_code == 400
    for _ in range(2):
        assert (await api.post("/addresses", json=ADDRESS, headers={"Idempotency-Key": "  "})).status_code == 201
    assert await count(api, "/addresses") == 2


async def test_a_secret_is_not_kept(api: httpx.AsyncClient, alice: Person) -> None:
    made = await api.post("/webhooks", json={"url": "http://127.0.0.1:9/hook", "event": "order_created"})
    path = f"/webhooks/{made.json()['object_id']}/rotate-secret"
    first = await api.post(path, json={}, headers=KEY)
    assert first.status_code == 200
    again = await api.post(path, json={}, headers=KEY)
    assert again.status_code == 409 and "secret" in again.json()["detail"]
    async with reading() as tx:
        answers = await tx.fetch("SELECT answer FROM idempotency_keys WHERE account_id = $1", alice.account_id)
    assert [row["answer"] for row in answers] == [None]


async def test_while_the_first_is_under_way_repeats_are_told_so(alice: Person, impatient: None) -> None:
    goes_on, started = asyncio.Event(), asyncio.Event()

    async def slow() -> Answer:
        started.set()
        await goes_on.wait()
        return Answer(201, b'{"n": 1}')

    first = asyncio.create_task(once(request_of(alice), slow))
    await started.wait()
    with pytest.raises(Conflict, match="still under way"):
        await once(request_of(alice), slow)
    goes_on.set()
    assert (await first).body == b'{"n": 1}'
    assert (await once(request_of(alice), slow)).headers == (idempotency.REPLAYED,)


async def test_a_crash_frees_the_key_when_its_lease_runs_out(
    api: httpx.AsyncClient, alice: Person, impatient: None
) -> None:
    sent = await api.post("/addresses", json=ADDRESS, headers=KEY)
    async with begin() as tx:
        await tx.execute("DELETE FROM idempotency_keys WHERE account_id = $1", alice.account_id)
    await abandon(Keyed(alice.scope, KEY["Idempotency-Key"], "POST /addresses", sent.request.content))
    assert (await api.post("/addresses", json=ADDRESS, headers=KEY)).status_code == 409
    await expire_leases(alice)
    other = await api.post("/addresses", json={**ADDRESS, "name": "Bob"}, headers=KEY)
    assert other.status_code == 409
    again = await api.post("/addresses", json=ADDRESS, headers=KEY)
    assert again.status_code == 201 and "idempotent-replayed" not in again.headers


async def test_who_lost_the_lease_does_not_overwrite_the_answer(alice: Person) -> None:
    async def second() -> Answer:
        return Answer(201, b"second")

    async def first() -> Answer:
        await expire_leases(alice)
        assert (await once(request_of(alice), second)).body == b"second"
        return Answer(201, b"first")

    assert (await once(request_of(alice), first)).body == b"first"
    assert (await once(request_of(alice), second)).body == b"second"


@pytest.mark.parametrize("trouble", [Overloaded(), RuntimeError("a defect")])
async def test_our_own_failures_free_the_key(alice: Person, trouble: Exception) -> None:
    async def fails() -> Answer:
        raise trouble

    async def works() -> Answer:
        return Answer(200, b"{}")

    with pytest.raises(type(trouble)):
        await once(request_of(alice), fails)
    assert (await once(request_of(alice), works)).headers == ()


async def test_keys_and_counts_are_forgotten_after_a_day(api: httpx.AsyncClient, alice: Person) -> None:
    await api.post("/addresses", json=ADDRESS, headers=KEY)
    await api.post("/addresses", json=ADDRESS, headers={"Idempotency-Key": "new"})
    digest = idempotency._digest(KEY["Idempotency-Key"].encode())
    async with begin() as tx:
        yesterday = now() - dt.timedelta(hours=24, minutes=1)
        await tx.execute(
            "UPDATE idempotency_keys SET created_at = $3 WHERE account_id = $1 AND key_hash = $2",
            alice.account_id,
            digest,
            yesterday,
        )
        await tx.execute("INSERT INTO counters VALUES ($1, $2, 1)", f"rate:{alice.account_id}", yesterday)
        await enqueue(tx, Job(kind="rest.forget", payload={}))
    await drain()
    async with reading() as tx:
        kept = await tx.fetchval("SELECT count(*) FROM idempotency_keys WHERE account_id = $1", alice.account_id)
        counted = await tx.fetchval("SELECT count(*) FROM counters WHERE name = $1", f"rate:{alice.account_id}")
    assert (kept, counted) == (1, 0)
    assert "idempotent-replayed" not in (await api.post("/addresses", json=ADDRESS, headers=KEY)).headers
