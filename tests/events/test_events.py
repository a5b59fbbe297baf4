"""Events: written with the change, read one by one, by page and by those who follow."""

from __future__ import annotations

import asyncio
import datetime as dt

import asyncpg
import msgspec
import pytest

from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.db.tx import Tx
from portside.errors import NotFound
from portside.events import jobs as upkeep
from portside.events import outbox
from portside.events.models import Event, EventRef, News
from portside.events.queries import get_event, get_events, news_horizon, news_since
from portside.jobs.drain import drain
from portside.jobs.models import Run
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from tests.support.patience import PATIENCE

_RAW = (
    "INSERT INTO events (id, account_id, mode, name, object_id, seq, actor, created_at) "
    "VALUES (gen_random_uuid(), $1::text::uuid, 'test', 'order_updated', gen_random_uuid(), 1, 'system:x', now())"
)


def _event(scope: Scope, seq: int = 1, created_at: dt.datetime | None = None) -> Event:
    return Event(
        scope=scope,
        name="order_created",
        object_id=new_id(),
        seq=seq,
        payload='{"event": "order_created"}',
        created_at=created_at or now(),
    )


async def _followed(horizon: int, scope: Scope, count: int, limit: int = 2000) -> list[News]:
    """What a follower is given until it has so many. It may have to wait: for it, a transaction open in any other
    database of the server counts too."""
    seen: list[News] = []
    async with asyncio.timeout(PATIENCE):
        while len(seen) < count:
            async with reading() as tx:
                bulletin = await news_since(tx, horizon, [scope.account_id], limit)
            assert not bulletin.is_cut
            seen += bulletin.news
            horizon = bulletin.horizon
            await asyncio.sleep(0 if bulletin.news else 0.01)
    return seen


async def _written(tx: Tx, scope: Scope) -> list[Id]:
    """The objects that the account's events tell of."""
    rows = await tx.fetch("SELECT object_id FROM events WHERE account_id = $1", scope.account_id)
    return [Id(row["object_id"]) for row in rows]


async def _horizon() -> int:
    async with reading() as tx:
        return await news_horizon(tx)


async def _record(*events: Event) -> None:
    async with begin() as tx:
        await outbox.record(tx, *events)


@pytest.mark.usefixtures("database")
async def test_a_reaction_finds_its_event_by_its_payload(scope: Scope, reaction: list[Run]) -> None:
    event = _event(scope)
    await _record(event, _event(scope))
    await drain(lanes=["webhooks"])
    refs = [msgspec.convert(run.payload, EventRef) for run in reaction]
    (ref,) = [ref for ref in refs if ref.event == event.id]
    async with reading() as tx:
        found = await get_event(tx, ref)
        assert len(await get_events(tx, refs)) == len(refs)
    assert (found.object_id, found.seq, found.payload) == (event.object_id, 1, event.payload)
    assert (found.account_id, found.mode, found.actor) == (scope.account_id, "test", "system:portside")


@pytest.mark.usefixtures("database")
async def test_an_event_of_another_account_or_mode_is_not_found(scope: Scope) -> None:
    event = _event(scope)
    await _record(event)
    async with reading() as tx:
        for wrong in (
            EventRef(event=event.id, account=new_id(), mode="test"),
            EventRef(event=event.id, account=scope.account_id, mode="live"),
            EventRef(event=new_id(), account=scope.account_id, mode="test"),
        ):
            with pytest.raises(NotFound):
                await get_event(tx, wrong)


@pytest.mark.usefixtures("database")
async def test_an_event_dated_otherwise_than_its_id_is_found_all_the_same(scope: Scope) -> None:
    old, new = _event(scope, created_at=now() - dt.timedelta(days=20)), _event(scope)
    await _record(old, new)
    refs = [EventRef(event=event.id, account=scope.account_id, mode="test") for event in (old, new)]
    async with reading() as tx:
        assert {event.id for event in await get_events(tx, refs)} == {old.id, new.id}


@pytest.mark.usefixtures("database")
async def test_a_rolled_back_change_leaves_neither_event_nor_reaction(scope: Scope, reaction: list[Run]) -> None:
    with pytest.raises(ZeroDivisionError):
        async with begin() as tx:
            await outbox.record(tx, _event(scope))
            raise ZeroDivisionError
    await drain(lanes=["webhooks"])
    async with reading() as tx:
        assert await _written(tx, scope) == []
    assert [run for run in reaction if run.payload["account"] == scope.account_id] == []


async def test_a_follower_misses_no_event_of_a_transaction_that_commits_late(database: str, scope: Scope) -> None:
    start = await _horizon()
    late = await asyncpg.connect(database)
    try:
        transaction = late.transaction()
        await transaction.start()
        await late.execute(_RAW, scope.account_id)
        await _record(_event(scope))
        async with reading() as tx:
            # The later position is committed and the earlier one is not: the follower gets neither yet, and is told.
            early = await news_since(tx, start, [scope.account_id])
        assert (early.news, early.is_late) == ([], True)
        await transaction.commit()
    finally:
        await late.close()
    seen = await _followed(early.horizon, scope, 2)
    assert [news.name for news in seen] == ["order_updated", "order_created"]


async def test_a_follower_misses_no_event_whose_older_transaction_wrote_it_later(database: str, scope: Scope) -> None:
    start = await _horizon()
    older, younger = await asyncpg.connect(database), await asyncpg.connect(database)
    try:
        first, second = older.transaction(), younger.transaction()
        await first.start()
        await older.execute("SELECT pg_current_xact_id()")
        await second.start()
        await younger.execute(_RAW, scope.account_id)
        # The older transaction takes the later position and commits first, so that its row is below every horizon while
        # the row before it is still to come.
        await older.execute(_RAW, scope.account_id)
        await first.commit()
        seen = await _followed(start, scope, 1)
        horizon = await _horizon()
        await second.commit()
    finally:
        await older.close()
        await younger.close()
    seen += await _followed(horizon, scope, 1)
    assert len({news.object_id for news in seen}) == 2


@pytest.mark.usefixtures("database")
async def test_a_follower_among_many_writers_sees_every_event_once(scope: Scope) -> None:
    start = await _horizon()
    writers = asyncio.gather(*[_record(*[_event(scope, seq) for seq in range(1 + n % 4)]) for n in range(60)])
    seen = [news.object_id for news in await _followed(start, scope, 150)]
    await writers
    async with reading() as tx:
        written = await _written(tx, scope)
    assert len(written) == 150
    assert sorted(seen) == sorted(written)


@pytest.mark.usefixtures("database")
async def test_a_follower_far_behind_is_told_so_and_hears_nothing_of_others(scope: Scope) -> None:
    start = await _horizon()
    await _record(*[_event(scope) for _ in range(5)])
    await _followed(start, scope, 5)
    async with reading() as tx:
        assert (await news_since(tx, start, [scope.account_id], limit=3)).is_cut
        assert (await news_since(tx, start, [new_id()])).news == []
        # A horizon that this database has not reached comes from another one, before a restore.
        assert (await news_since(tx, 10**15, [scope.account_id])).is_cut


@pytest.mark.usefixtures("product")
async def test_upkeep_makes_months_ahead_and_drops_those_past_retention() -> None:
    pool = current_pool()
    await pool.execute(
        "CREATE TABLE events_202001 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')"
    )
    year, month = divmod(now().year * 12 + now().month - 1 + 3, 12)
    ahead = f"events_{year}{month + 1:02d}"
    await pool.execute(f"DROP TABLE {ahead}")
    await upkeep.keep_partitions(Run(job_id=1, attempt=1, payload={}))
    assert await pool.fetchval("SELECT to_regclass('events_202001')") is None
    assert await pool.fetchval(f"SELECT to_regclass('{ahead}')") is not None
