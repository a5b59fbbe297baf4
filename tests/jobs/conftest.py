"""An empty queue per test, kinds of job that end with it, and workers that end with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from portside.db.pool import current_pool
from portside.jobs import registry, wake
from portside.jobs.models import Lane
from portside.jobs.worker import Worker
from portside.worker import import_jobs
from tests.support.patience import PATIENCE

_EMPTY = "TRUNCATE jobs, dead_jobs, job_schedule"

Until = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
StartWorker = Callable[..., Worker]


@pytest.fixture(autouse=True)
async def empty_queue(database: str) -> AsyncIterator[None]:
    await current_pool().execute(_EMPTY)
    yield
    await current_pool().execute(_EMPTY)


@pytest.fixture(autouse=True)
def own_kinds() -> Iterator[None]:
    """Kinds that a test declares are gone after it, and the product's periodic ones do not run in it."""
    # A module declares its kinds once, at its first import: none may be imported while they are away.
    import_jobs()
    before = dict(registry._kinds)
    registry._kinds.clear()
    yield
    registry._kinds.clear()
    registry._kinds.update(before)


@pytest.fixture
async def start_worker() -> AsyncIterator[StartWorker]:
    """Starts workers in this process; they are stopped at the end of the test."""
    started: list[tuple[Worker, asyncio.Task[None]]] = []
    sharing = asyncio.create_task(wake.share())

    def start(lanes: dict[Lane, int] | None = None, **options: Any) -> Worker:
        worker = Worker(lanes=lanes or {"fast": 8}, **options)
        started.append((worker, asyncio.create_task(worker.run())))
        return worker

    yield start
    for worker, task in started:
        await worker.stop(0)
        await task
    sharing.cancel()
    await asyncio.gather(sharing, return_exceptions=True)


@pytest.fixture
def until() -> Until:
    """Awaits a question again and again until its answer is true (a minute at most), and gives the answer."""

    async def ask(question: Callable[[], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(PATIENCE):
            while not (answer := await question()):
                await asyncio.sleep(0.02)
        return answer

    return ask


async def jobs_left() -> int:
    """Jobs in the queue table, whatever their state."""
    left: int = await current_pool().fetchval("SELECT count(*) FROM jobs")
    return left


async def queue_is_empty() -> bool:
    return await jobs_left() == 0
