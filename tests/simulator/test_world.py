"""The outside world's books, clocks and pushes: kept in the database, so that every process sees the same ones."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping

import pytest

from portside.carriers import client
from portside.carriers.contract import CallContext, TrackSnapshot
from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.kit.clock import now
from portside.kit.tripwire import NetworkInsideTransaction
from portside.simulator.stories import STORIES
from tests.carriers.simulated import Host, account, installed, purchase, query, quote_of


class Inbox:
    """Takes pushes as our hook would, and fails when told to."""

    def __init__(self) -> None:
        self.pushes: list[tuple[str, str, str]] = []
        self.fails = False

    async def __call__(self, carrier: str, headers: Mapping[str, str], body: bytes) -> None:
        if self.fails:
            raise ConnectionError("nobody is listening")
        reader = client.push_reader(carrier)
        assert reader is not None
        push = reader.parse_push(headers, body)
        self.pushes.append((carrier, push.event_id, push.tracking_number))


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def host(database: str, inbox: Inbox) -> AsyncIterator[Host]:
    async with installed(database, inbox) as host:
        yield host


@pytest.fixture
def context() -> CallContext:
    return account()


async def parcel(context: CallContext, hint: str = "", carrier: str = "usps", service: str = "usps_priority") -> str:
    """The number of a parcel that was just bought."""
    shipment = query(hint=hint)
    quotes = await client.rates(carrier, shipment, context)
    made = await client.buy(carrier, purchase(shipment, quote_of(quotes, service)), context)
    return made.pieces[0].tracking_number


async def known(number: str, carrier: str = "usps") -> TrackSnapshot:
    snapshot = await client.track(carrier, number, account())
    assert snapshot is not None
    return snapshot


async def told(number: str) -> list[str | None]:
    return [scan.substatus for scan in (await known(number)).scans]


async def test_scans_appear_as_the_clock_moves_and_only_then(host: Host, context: CallContext) -> None:
    number, mine = await parcel(context), [context.credentials.id]
    assert await told(number) == ["information_received"]
    await host.world.advance(mine, dt.timedelta(hours=10))
    assert await told(number) == ["information_received", "package_accepted"]
    await host.world.advance(mine, dt.timedelta(days=30))
    snapshot = await known(number)
    assert snapshot.scans[-1].status == "DELIVERED"
    assert snapshot.eta == snapshot.original_eta == snapshot.scans[-1].at
    assert (snapshot.origin and snapshot.origin.zip, snapshot.service_token) == ("94117", "usps_priority")


async def test_one_accounts_clock_is_not_anothers(host: Host, context: CallContext) -> None:
    mine, other = await parcel(context), account()
    theirs = await parcel(other)
    await host.world.advance([context.credentials.id], dt.timedelta(days=30))
    assert (await known(mine)).scans[-1].status == "DELIVERED"
    assert await told(theirs) == ["information_received"]
    assert (await host.world.clock(other.credentials.id)).now() - now() < dt.timedelta(seconds=5)


async def test_two_processes_read_one_clock_and_one_log(host: Host, context: CallContext, database: str) -> None:
    number = await parcel(context)
    async with installed(database) as second:
        await second.world.advance([context.credentials.id], dt.timedelta(days=30))
        assert (await known(number)).scans[-1].status == "DELIVERED"
        operations = [call.operation for call in await second.world.calls(accounts=[context.credentials.id])]
    assert operations[:2] == ["rates", "buy"]


async def test_advances_at_once_add_up(host: Host, context: CallContext) -> None:
    mine = [context.credentials.id, account().credentials.id]
    await asyncio.gather(*(host.world.advance(mine, dt.timedelta(hours=1)) for _ in range(8)))
    ahead = (await host.world.clock(mine[0])).now() - now()
    assert dt.timedelta(hours=8) <= ahead < dt.timedelta(hours=8, minutes=1)


async def test_a_faster_clock_brings_scans_by_itself(host: Host, context: CallContext, inbox: Inbox) -> None:
    number = await parcel(context)
    await host.world.set_speed([context.credentials.id], 1_000_000)
    for _ in range(1200):
        if (await known(number)).scans[-1].status == "DELIVERED":
            break
        await asyncio.sleep(0.05)
    assert await host.world.push_due([context.credentials.id]) == [number]
    assert len(inbox.pushes) == 1


async def test_news_is_pushed_once_for_each_time_that_there_is_some(
    host: Host, context: CallContext, inbox: Inbox
) -> None:
    number, mine = await parcel(context, carrier="ups", service="ups_ground"), [context.credentials.id]
    await host.world.advance(mine, dt.timedelta(0))
    assert await host.world.push_due(mine) == [number]
    assert await host.world.push_due(mine) == []
    gap = await host.world.until_next_scan(mine, number)
    assert gap is not None
    await host.world.advance(mine, gap)
    assert await host.world.push_due(mine) == [number]
    assert [push[2] for push in inbox.pushes] == [number, number]
    assert len({push[1] for push in inbox.pushes}) == 2
    await host.world.advance(mine, dt.timedelta(days=60))
    await host.world.push_due(mine)
    assert await host.world.until_next_scan(mine) is None


async def test_a_push_that_was_not_taken_is_repeated_under_its_id(
    host: Host, context: CallContext, inbox: Inbox
) -> None:
    number, mine = await parcel(context), [context.credentials.id]
    await host.world.advance(mine, dt.timedelta(0))
    inbox.fails = True
    with pytest.raises(ConnectionError):
        await host.world.push_due(mine)
    inbox.fails = False
    # Nobody else may have it for a minute; a moved clock makes it due at once.
    assert await host.world.push_due(mine) == []
    await host.world.advance(mine, dt.timedelta(0))
    assert await host.world.push_due(mine) == [number]


@pytest.mark.parametrize("story", sorted(STORIES))
async def test_every_story_can_be_asked_for(host: Host, story: str) -> None:
    context = account()
    number = await parcel(context, hint=f"please SIM_STORY_{story.upper()}")
    await host.world.advance([context.credentials.id], dt.timedelta(days=60))
    assert set(await told(number)) == {step.code for step in STORIES[story].steps} - foreign_steps(story)


def foreign_steps(story: str) -> set[str]:
    """Codes of steps that only happen at gateways, which a domestic parcel does not pass."""
    domestic = {step.code for step in STORIES[story].steps if step.where not in ("leaving", "entering")}
    return {step.code for step in STORIES[story].steps} - domestic


async def test_another_story_from_now_on(host: Host, context: CallContext) -> None:
    number, mine = await parcel(context), [context.credentials.id]
    await host.world.advance(mine, dt.timedelta(hours=10))
    before = await told(number)
    assert await host.world.set_story(mine, number.lower(), "lost")
    assert await told(number) == before
    await host.world.advance(mine, dt.timedelta(days=30))
    assert (await told(number))[-1] == "package_lost"
    assert not await host.world.set_story([account().credentials.id], number, "delivered")
    with pytest.raises(KeyError):
        await host.world.set_story(mine, number, "no such story")


async def test_a_delay_moves_the_expected_day_and_keeps_the_first_one(host: Host, context: CallContext) -> None:
    number, mine = await parcel(context, hint="SIM_STORY_ATTEMPT_FAILED"), [context.credentials.id]
    promised = (await known(number)).eta
    assert promised is not None
    await host.world.advance(mine, promised - now() + dt.timedelta(hours=1))
    snapshot = await known(number)
    assert snapshot.scans[-1].substatus in ("delivery_attempted", "notice_left")
    assert snapshot.original_eta == promised
    assert snapshot.eta == promised + dt.timedelta(days=1)


async def test_nothing_happens_to_a_voided_parcel(host: Host, context: CallContext) -> None:
    number = await parcel(context)
    await client.void("usps", number, context)
    await host.world.advance([context.credentials.id], dt.timedelta(days=60))
    assert await told(number) == ["information_received"]
    assert await host.world.push_due([context.credentials.id]) == []


async def test_a_carrier_that_is_down_when_asked_for_scans(host: Host, context: CallContext) -> None:
    number = await parcel(context, hint="SIM_TRACK_DOWN")
    with pytest.raises(CarrierError) as caught:
        await client.track("usps", number, account())
    assert caught.value.kind == "carrier_down"


async def test_a_call_inside_our_transaction_is_caught_and_reaches_nobody(host: Host, context: CallContext) -> None:
    async with begin():
        with pytest.raises(NetworkInsideTransaction):
            await client.rates("usps", query(), context)
    assert host.requests == []


async def test_our_rollback_undoes_nothing_at_the_carrier(host: Host, context: CallContext) -> None:
    quote = quote_of(await client.rates("usps", query(), context), "usps_priority")
    request = {**host.requests[0][1], "reference": "made in a transaction", "rating": dict(quote.rating)}
    with pytest.raises(ZeroDivisionError):
        async with begin():
            assert (await host.world.call("buy", request))["status"] == 200
            raise ZeroDivisionError
    assert await client.find("usps", "made in a transaction", context) is not None


async def test_the_host_refuses_what_it_cannot_read(host: Host) -> None:
    for operation, request in (("dance", {}), ("rates", {}), ("rates", {"carrier": "fedex"}), ("buy", {"a": b"\x00"})):
        answer = await host.world.call(operation, request)
        assert answer["status"] in (400, 404)
        assert answer["body"]["error"]["message"]


async def test_a_host_without_its_database_is_a_carrier_that_is_down(context: CallContext) -> None:
    async with installed("postgresql://nobody@127.0.0.1:1/nothing"):
        with pytest.raises(CarrierError) as caught:
            await client.rates("usps", query(), context)
    assert caught.value.kind == "carrier_down"


async def test_old_calls_are_forgotten(host: Host, context: CallContext, database: str) -> None:
    await parcel(context)
    mine = [context.credentials.id]
    async with begin() as tx:
        await tx.execute("UPDATE sim_calls SET at = at - interval '31 days' WHERE account = $1", mine[0])
    assert await host.world.tidy() >= 2
    assert await host.world.calls(accounts=mine) == []
