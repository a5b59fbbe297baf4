"""/events: what happened, how webhooks were told, and pages that go on from an id."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portside.event_log import queries
from portside.kit.clock import now, to_wire
from portside.kit.ids import new_id
from tests.support.cast import Person
from tests.webhooks.conftest import Receive, happen, subscribe, work
from tests.webhooks.receivers import in_turn, says


async def listed(api: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await api.get("/events", params=query)
    assert answer.status_code == 200, answer.text
    return [event["object_id"] for event in answer.json()["results"]]


async def test_an_event_is_listed_with_its_deliveries_and_shown_with_its_body(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    good, bad = await receive(says(200)), await receive(says(400))
    first, second = await subscribe(api, good), await subscribe(api, bad)
    subject = new_id()
    event = await happen(alice.scope, "track_updated", subject, 3, city="Zürich")
    alone = await happen(alice.scope, "order_created")
    await work()
    (order, track) = (await api.get("/events")).json()["results"]
    assert (order["object_id"], order["deliveries"]) == (alone, [])
    assert (track["object_id"], track["event"], track["subject"], track["seq"]) == (event, "track_updated", subject, 3)
    told = {delivery["webhook"]: delivery for delivery in track["deliveries"]}
    assert (told[first]["state"], told[first]["attempts"], told[first]["last_status"]) == ("delivered", 1, 200)
    assert told[first]["url"] == good.url and told[first]["finished"] and told[first]["next_attempt"] is None
    assert (told[second]["state"], told[second]["last_status"]) == ("failed", 400)
    assert told[second]["last_error"] == "The receiver answered 400."
    shown = (await api.get(f"/events/{event}")).json()
    assert shown == {**track, "payload": {"event": "track_updated", "test": True, "data": {"city": "Zürich"}}}


async def test_filters(api: httpx.AsyncClient, alice: Person, receive: Receive) -> None:
    taken, refused = await receive(says(200)), await receive(says(403))
    labels, orders = await subscribe(api, taken), await subscribe(api, refused, "order_created")
    subject = new_id()
    track = await happen(alice.scope, "track_updated", subject)
    order = await happen(alice.scope, "order_created")
    await work()
    waiting = await subscribe(api, await receive(says(503)), "order_updated")
    later = await happen(alice.scope, "order_updated", subject, 2)
    await work()
    assert await listed(api) == [later, order, track]
    assert await listed(api, event="order_created") == [order]
    assert await listed(api, subject=subject) == [later, track]
    assert await listed(api, subject=subject, event="track_updated") == [track]
    assert await listed(api, webhook=labels) == [track]
    assert await listed(api, webhook=orders) == await listed(api, state="failed") == [order]
    assert await listed(api, webhook=orders, state="failed") == [order]
    assert await listed(api, webhook=orders, state="delivered") == await listed(api, state="cancelled") == []
    assert await listed(api, state="delivered") == [track]
    assert await listed(api, state="pending") == await listed(api, webhook=waiting, state="pending") == [later]
    tomorrow = to_wire(now() + dt.timedelta(days=1))
    assert await listed(api, start_date=tomorrow) == await listed(api, end_date="2020-01-01") == []
    assert await listed(api, start_date="2020-01-01", end_date=tomorrow, state="failed") == [order]


async def test_deliveries_to_a_deleted_webhook_stay_in_the_log(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    webhook = await subscribe(api, await receive(says(200)))
    event = await happen(alice.scope)
    await work()
    await api.delete(f"/webhooks/{webhook}")
    (delivery,) = (await api.get(f"/events/{event}")).json()["deliveries"]
    assert (delivery["webhook"], delivery["url"], delivery["state"]) == (webhook, None, "delivered")
    assert await listed(api, webhook=webhook) == [event]


async def walk(api: httpx.AsyncClient, path: str, link: str) -> list[list[str]]:
    """The ids of each page along `next` or `previous`."""
    pages: list[list[str]] = []
    following: str | None = path
    while following is not None and len(pages) < 50:
        body = (await api.get(following)).json()
        pages.append([event["object_id"] for event in body["results"]])
        following = body[link]
    return pages


async def test_pages_lead_there_and_back(api: httpx.AsyncClient, alice: Person) -> None:
    ids = [await happen(alice.scope) for _ in range(7)][::-1]
    pages = await walk(api, "/events?results=3", "next")
    assert pages == [ids[:3], ids[3:6], ids[6:]]
    last = (await api.get((await api.get("/events?results=3")).json()["next"])).json()["next"]
    assert await walk(api, last, "previous") == [ids[6:], ids[3:6], ids[:3]]


async def test_a_rare_event_is_found_in_bounded_looks(
    api: httpx.AsyncClient, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "LOOK", 4)
    rare = await happen(alice.scope, "order_created")
    for _ in range(10):
        await happen(alice.scope, "track_updated")
    newest = await happen(alice.scope, "order_created")
    pages = await walk(api, "/events?event=order_created&results=2", "next")
    assert [event for page in pages for event in page] == [newest, rare]
    assert len(pages) == 4 and pages[1] == []


async def test_an_event_that_failed_twice_is_listed_once(
    api: httpx.AsyncClient, alice: Person, receive: Receive
) -> None:
    receiver = await receive(says(410))
    for _ in range(3):
        await subscribe(api, receiver, "track_updated")
    events = [await happen(alice.scope) for _ in range(2)][::-1]
    await work()
    assert await walk(api, "/events?state=failed&results=1", "next") == [[events[0]], [events[1]]]
    (shown,) = (await api.get("/events?state=failed&results=1")).json()["results"]
    assert len(shown["deliveries"]) == 3


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("event=order_lost", "event"),
        ("state=lost", "state"),
        ("webhook=x", "webhook"),
        ("subject=1", "subject"),
        ("start_date=yesterday", "start_date"),
        ("page=2", "page"),
        ("page_token=x", "page_token"),
        ("results=0", "results"),
    ],
)
async def test_a_wrong_query_is_named(api: httpx.AsyncClient, query: str, field: str) -> None:
    answer = await api.get(f"/events?{query}")
    assert answer.status_code == 400 and list(answer.json()) == [field]


async def test_charlie_and_the_other_mode_see_nothing(
    api: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    product: Callable[..., httpx.AsyncClient],
    alice: Person,
    receive: Receive,
) -> None:
    webhook = await subscribe(api, await receive(in_turn(400)))
    subject = new_id()
    event = await happen(alice.scope, "track_updated", subject)
    await work()
    async with product(alice.live_token) as live:
        for stranger in (charlie_api, live):
            assert (await stranger.get(f"/events/{event}")).status_code == 404
            for query in ({}, {"webhook": webhook}, {"subject": subject}, {"state": "failed"}):
                assert await listed(stranger, **query) == []
    assert await listed(api, webhook=webhook, subject=subject, state="failed") == [event]
    assert (await api.get("/events/nonsense")).status_code == 404


@pytest.mark.parametrize("id_", ["0" * 32, "f" * 32, "F" * 8 + "-ffff-ffff-ffff-" + "f" * 12])
async def test_what_only_looks_like_an_id_is_not_found(api: httpx.AsyncClient, alice: Person, id_: str) -> None:
    await happen(alice.scope)
    assert (await api.get(f"/events/{id_}")).status_code == 404
    assert await listed(api, subject=id_) == await listed(api, webhook=id_, state="failed") == []
    assert (await api.get(f"/events?page_token=n{id_.replace('-', '')}")).status_code == 200


async def test_a_body_that_was_erased_is_null(api: httpx.AsyncClient, alice: Person) -> None:
    from portside.db.pool import current_pool

    event = await happen(alice.scope)
    await current_pool().execute("UPDATE events SET payload = NULL WHERE id = $1", event)
    assert (await api.get(f"/events/{event}")).json()["payload"] is None
