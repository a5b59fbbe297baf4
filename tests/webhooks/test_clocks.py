"""Hosts whose clocks differ: one writes what is due, another sends it; both go by the database's clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import httpx
import pytest

from portside.db.pool import current_pool
from portside.kit import clock
from portside.kit.ids import Id
from portside.webhooks import actions, fanout, flows, replays
from tests.support.cast import Person
from tests.webhooks.conftest import Receive, happen, subscribe, work
from tests.webhooks.receivers import in_turn, says

HALF_A_MINUTE = dt.timedelta(seconds=30)
Differ = Callable[[dt.timedelta], None]


@pytest.fixture
def differ(monkeypatch: pytest.MonkeyPatch) -> Differ:
    """The clock of the host that sends is off by so much from that of the host that writes what is due."""

    def set_clock(by: dt.timedelta) -> None:
        monkeypatch.setattr(flows, "now", lambda: clock.now() + by)
        for writer in (actions, fanout, replays):
            monkeypatch.setattr(writer, "now", lambda: clock.now() - by, raising=False)

    return set_clock


@pytest.mark.parametrize("by", [-HALF_A_MINUTE, HALF_A_MINUTE])
async def test_what_is_due_goes_out_at_once(
    api: httpx.AsyncClient, alice: Person, receive: Receive, differ: Differ, by: dt.timedelta
) -> None:
    receiver = await receive(says(200))
    webhook = await subscribe(api, receiver, "track_updated")
    differ(by)
    event = await happen(alice.scope)
    await work()
    assert [got.id for got in receiver.got] == [event]
    await api.post(f"/webhooks/{webhook}/deliveries/{event}/resend")
    await work()
    assert [got.id for got in receiver.got] == [event] * 2
    shown = (await api.get(f"/webhooks/{webhook}/deliveries/{event}")).json()
    assert [attempt["number"] for attempt in shown["attempts"]] == [2, 1]


@pytest.mark.parametrize("by", [-HALF_A_MINUTE, HALF_A_MINUTE])
async def test_what_is_tried_again_waits_as_long_as_it_should(
    api: httpx.AsyncClient,
    alice: Person,
    receive: Receive,
    configure: Callable[..., None],
    differ: Differ,
    by: dt.timedelta,
) -> None:
    configure(webhook_retry_schedule=(100,))
    receiver = await receive(in_turn(500, 200))
    webhook = Id(await subscribe(api, receiver, "track_updated"))
    differ(by)
    await happen(alice.scope)
    await work()
    waits = await current_pool().fetchval(
        "SELECT due_at - created_at FROM webhook_deliveries WHERE webhook_id = $1", webhook
    )
    assert dt.timedelta(seconds=80) <= waits
    tried = await current_pool().fetchrow(
        "SELECT d.created_at <= a.created_at AS later, a.created_at <= now() AS past FROM webhook_deliveries d "
        "JOIN webhook_attempts a USING (account_id, mode, webhook_id, event_id) WHERE webhook_id = $1",
        webhook,
    )
    assert tried is not None and tuple(tried) == (True, True)
