"""The event log's pages: found, filtered, looked into, sent again and taken away as CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from html import unescape

import httpx
import pytest

from portside.jobs.drain import drain
from portside.kit.clock import now, to_wire
from portside.kit.ids import new_id
from portside.web.event_csv import COLUMNS, written
from tests.support.cast import Person
from tests.support.receiver import receiving
from tests.web.conftest import Browser
from tests.web.test_webhooks import add
from tests.webhooks.conftest import happen, nobody_else

__all__ = ["nobody_else"]

LOG = "/app/settings/webhooks/log"
AN_HOUR_AGO = {"since": to_wire(now() - dt.timedelta(hours=1))[:16]}


def shown(page: httpx.Response) -> list[str]:
    """The ids of the events in the rows."""
    assert page.status_code == 200, page.text
    return re.findall(r'<tr data-row id="event-([0-9a-f]{32})"', page.text)


async def test_an_event_its_body_and_its_attempts_are_shown(at_desk: Browser, alice: Person) -> None:
    await at_desk.get("/app/settings/webhooks")
    with receiving() as receiver:
        receiver.answers = [503]
        await add(at_desk, receiver.url, "track_updated")
        event = await happen(alice.scope, "track_updated", city="Zürich <b>")
        alone = await happen(alice.scope, "order_created")
        await drain()
    page = await at_desk.get(LOG)
    assert shown(page) == [alone, event]
    assert "No webhook" in page.text and "Tries again" in page.text and " · 503" in page.text
    one = await at_desk.get(f"{LOG}/{event}")
    text = unescape(one.text)
    assert '"city": "Zürich <b>"' in text and "<b>" not in one.text.partition('"city"')[2][:60]
    assert "The receiver answered 503." in text and "webhook-timestamp:" in text
    assert f"/docs/events/{'track_updated'}.json" in text and "[redacted]" in text
    assert "No webhook was told of it" in unescape((await at_desk.get(f"{LOG}/{alone}")).text)


async def test_filters_narrow_the_rows_and_bad_ones_count_as_none(at_desk: Browser, alice: Person) -> None:
    began = now()
    await at_desk.get("/app/settings/webhooks")
    webhook = await add(at_desk, "http://10.0.0.1/hook", "track_updated")
    subject = new_id()
    track = await happen(alice.scope, "track_updated", subject)
    order = await happen(alice.scope, "order_created")
    await drain()
    for query, expected in {
        "": [order, track],
        "?event=order_created": [order],
        f"?webhook={webhook}": [track],
        "?state=pending": [track],
        "?state=failed": [],
        f"?q={subject}": [track],
        f"?q={track}": [track],
        "?q=nonsense": [],
        f"?q={new_id()}": [],
        f"?from={began:%Y-%m-%d}&to={now():%Y-%m-%d}": [order, track],
        "?to=2020-01-01": [],
        "?from=2999-01-01": [],
        "?event=lost&webhook=x&state=lost&from=soon&to=9999-12-31&after=x": [order, track],
    }.items():
        assert shown(await at_desk.get(LOG + query)) == expected, query
    assert "Nothing fits" in (await at_desk.get(f"{LOG}?state=failed")).text
    part = await at_desk.poll(f"{LOG}?event=order_created&webhook={webhook}")
    assert shown(part) == [] and f'formaction="{LOG}/resend?webhook={webhook}&amp;event=order_created"' in part.text
    assert f'href="/app/settings/webhooks/log.csv?webhook={webhook}&amp;event=order_created"' in part.text
    assert (await at_desk.get(f"{LOG}?q=%00")).status_code == 400


async def test_pages_go_on_from_an_event(at_desk: Browser, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portside.web.lists.PAGE_SIZE", 2)
    events = [await happen(alice.scope) for _ in range(3)][::-1]
    first = await at_desk.get(f"{LOG}?event=track_updated")
    assert shown(first) == events[:2]
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following
    last = await at_desk.get(unescape(following[1]))
    assert shown(last) == events[2:] and "older than 90 days is gone" in last.text
    back = re.search(r'rel="prev" href="([^"]+)"', last.text)
    assert back and shown(await at_desk.get(unescape(back[1]))) == events[:2]


async def test_one_is_sent_again(at_desk: Browser, alice: Person) -> None:
    await at_desk.get("/app/settings/webhooks")
    with receiving() as receiver:
        await add(at_desk, receiver.url, "track_updated")
        event = await happen(alice.scope)
        await drain()
        page = await at_desk.get(f"{LOG}/{event}")
        again = re.search(rf'action="({LOG}/{event}/resend[^"]+)"', page.text)
        assert again
        answer = await at_desk.post(unescape(again[1]))
        assert answer.headers["location"] == f"{LOG}/{event}"
        await drain()
        assert [delivery.headers["webhook-id"] for delivery in receiver.deliveries] == [event, event]


async def picked(browser: Browser, url: str, *events: str) -> str:
    """Post the boxes of these events; gives what is said then."""
    fields: dict[str, object] = {"_csrf_token": browser.token, "event[]": list(events)}
    answer = await browser.client.post(url, data=fields)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(LOG)
    return (await browser.get(answer.headers["location"])).text


async def test_those_picked_are_sent_again(at_desk: Browser, alice: Person) -> None:
    await at_desk.get("/app/settings/webhooks")
    with receiving() as one, receiving() as other:
        chosen = await add(at_desk, one.url, "track_updated")
        await add(at_desk, other.url, "track_updated")
        events = [await happen(alice.scope) for _ in range(3)]
        alone = await happen(alice.scope, "order_created")
        await drain()
        text = await picked(at_desk, f"{LOG}/resend", *events[:2], alone, "nonsense", events[0])
        assert "4 deliveries are sent again." in text
        await drain()
        assert (len(one.deliveries), len(other.deliveries)) == (5, 5)
        text = await picked(at_desk, f"{LOG}/resend?webhook={chosen}", events[2])
        assert "1 delivery is sent again." in text
        await drain()
        assert (len(one.deliveries), len(other.deliveries)) == (6, 5)
        for nothing in ((alone,), (), ("nonsense",), (new_id(),)):
            assert "Nothing was sent" in await picked(at_desk, f"{LOG}/resend", *nothing)


async def test_all_that_failed_is_sent_again(at_desk: Browser, alice: Person) -> None:
    await at_desk.get("/app/settings/webhooks")
    with receiving() as one, receiving() as other:
        one.answers, other.answers = [404, 404, 200], [404, 404, 404]
        chosen = await add(at_desk, one.url, "track_updated")
        await add(at_desk, other.url, "track_updated")
        events = [await happen(alice.scope) for _ in range(3)]
        await drain()
        assert len(shown(await at_desk.get(f"{LOG}?state=failed"))) == 3
        await at_desk.post(f"{LOG}/resend-range", {**AN_HOUR_AGO, "webhook": chosen})
        await drain()
        again = [delivery.headers["webhook-id"] for delivery in one.deliveries[3:]]
        assert len(again) == 2 and set(again) < set(events) and len(other.deliveries) == 3
        future = to_wire(now() + dt.timedelta(hours=1))[:16]
        await at_desk.post(f"{LOG}/resend-range", {"since": future})
        await drain()
        assert len(other.deliveries) == 3
        answer = await at_desk.post(f"{LOG}/resend-range", {"since": "1900-01-01T00:00"})
        assert "is sent again" in (await at_desk.get(answer.headers["location"])).text
        await drain()
        assert (len(one.deliveries), len(other.deliveries)) == (5, 6)
    assert shown(await at_desk.get(f"{LOG}?state=failed")) == []
    for wrong in (
        {},
        {"since": "soon"},
        {**AN_HOUR_AGO, "until": "later"},
        {**AN_HOUR_AGO, "until": "2020-01-01T00:00"},
        {**AN_HOUR_AGO, "webhook": new_id()},
    ):
        answer = await at_desk.post(f"{LOG}/resend-range", wrong)
        assert 'data-toast="error"' in (await at_desk.get(answer.headers["location"])).text


async def test_a_range_is_sent_again_whatever_became_of_it(at_desk: Browser, alice: Person) -> None:
    await at_desk.get("/app/settings/webhooks")
    with receiving() as receiver:
        await add(at_desk, receiver.url, "all")
        track, label = await happen(alice.scope), await happen(alice.scope, "transaction_created")
        await drain()
        await at_desk.post(f"{LOG}/resend-range", {**AN_HOUR_AGO, "state": "failed"})
        await at_desk.post(f"{LOG}/resend-range", {**AN_HOUR_AGO, "state": "all", "event": "transaction_created"})
        await drain()
        await at_desk.post(f"{LOG}/resend-range", {"since": "2020-01-01", "until": "2020-01-02", "state": "all"})
        await at_desk.post(f"{LOG}/resend-range", {**AN_HOUR_AGO, "until": "9999-12-31T23:59:59", "state": "delivered"})
        await drain()
        got = [delivery.headers["webhook-id"] for delivery in receiver.deliveries]
    assert sorted(got[:2]) == sorted([track, label]) and got[2] == label
    assert sorted(got[3:]) == sorted([track, label])


async def test_the_log_as_csv(at_desk: Browser, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portside.web.lists.PAGE_SIZE", 2)
    await at_desk.get("/app/settings/webhooks")
    with receiving() as receiver:
        receiver.answers = [404]
        webhook = await add(at_desk, receiver.url, "track_updated")
        tracks = [await happen(alice.scope) for _ in range(3)]
        order = await happen(alice.scope, "order_created")
        await drain()
    answer = await at_desk.get("/app/settings/webhooks/log.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "portside-events.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["event_id"] for row in rows] == [order, *tracks[::-1]]
    assert {row["account"] for row in rows} == {alice.account_id}
    assert (rows[0]["webhook"], rows[0]["state"]) == ("", "")
    assert {row["webhook"] for row in rows[1:]} == {webhook}
    failed = (await at_desk.get("/app/settings/webhooks/log.csv?state=failed")).text
    (row,) = csv.DictReader(io.StringIO(failed))
    assert (row["last_status"], row["last_error"]) == ("404", "The receiver answered 404.")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    (row,) = csv.reader(io.StringIO(written([[cell]]).decode(), newline=""))
    assert row == [f"'{cell}"] + [""] * (len(COLUMNS) - 1)


def test_other_cells_are_as_they_are() -> None:
    cells = ['a "b", c', "1-2", None, 7]
    (row,) = csv.reader(io.StringIO(written([cells]).decode()))
    assert row[:4] == ['a "b", c', "1-2", "", "7"]


async def test_charlie_sees_and_sends_nothing(
    at_desk: Browser, alice: Person, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    await at_desk.get("/app/settings/webhooks")
    with receiving() as receiver:
        webhook = await add(at_desk, receiver.url, "track_updated")
        event = await happen(alice.scope, "track_updated", city="Atlantis")
        await drain()
        other = Browser(product(Accept="text/html"))
        await other.sign_in(charlie)
        for path in (LOG, f"{LOG}?q={event}", f"{LOG}?webhook={webhook}", "/app/settings/webhooks/log.csv"):
            page = await other.get(path)
            assert page.status_code == 200 and receiver.url not in page.text and "track_updated</a>" not in page.text
            assert f"event-{event}" not in page.text and f"{event}," not in page.text
        assert (await other.get(f"{LOG}/{event}")).status_code == 404
        assert (await other.post(f"{LOG}/{event}/resend?webhook={webhook}")).status_code == 404
        assert "Nothing was sent" in await picked(other, f"{LOG}/resend", event)
        await other.post(f"{LOG}/resend-range", {**AN_HOUR_AGO, "webhook": webhook})
        await drain()
        assert len(receiver.deliveries) == 1


@pytest.mark.parametrize("path", ["resend", "resend-range", f"{'0' * 32}/resend?webhook={'0' * 32}"])
async def test_a_form_of_another_site_is_refused(at_desk: Browser, path: str) -> None:
    answer = await at_desk.client.post(f"{LOG}/{path}", data={**AN_HOUR_AGO, "_csrf_token": "forged"})
    assert answer.status_code == 403
    assert (await at_desk.post(f"{LOG}/nonsense/resend")).status_code == 404


async def test_nobody_reads_it_without_signing_in(browser: Browser) -> None:
    for path in (LOG, "/app/settings/webhooks/log.csv", f"{LOG}/{'0' * 32}"):
        answer = await browser.get(path)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")


def test_a_deleted_webhook_has_a_name() -> None:
    from portside.web.words import host_of

    assert host_of(None) == "a deleted webhook"
    assert host_of("https://shop.example/hooks/?token=secret") == "shop.example/hooks"
