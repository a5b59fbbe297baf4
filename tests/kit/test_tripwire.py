"""The alarm for network calls inside transactions, across tasks and contexts."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator

import pytest

from portside.kit.tripwire import NetworkInsideTransaction, assert_no_transaction, hold, holding, leave


def alarmed() -> bool:
    try:
        assert_no_transaction("a call")
    except NetworkInsideTransaction as error:
        assert "a call" in str(error)
        return True
    return False


def test_it_rings_inside_and_only_inside() -> None:
    assert not alarmed()
    with hold():
        assert alarmed()
        with hold():
            assert holding() == 2
        assert alarmed()
    assert not alarmed()


def test_a_failed_transaction_is_over_too() -> None:
    with pytest.raises(ZeroDivisionError), hold():
        raise ZeroDivisionError
    assert not alarmed()


async def test_a_task_started_inside_counts_until_the_transaction_ends() -> None:
    step = asyncio.Event()

    async def child() -> tuple[bool, bool]:
        during = alarmed()
        await step.wait()
        return during, alarmed()

    with hold():
        task = asyncio.create_task(child())
        await asyncio.sleep(0)
        assert await asyncio.to_thread(alarmed), "a thread gets a copy of the context as well"
    step.set()
    assert await task == (True, False)


async def test_neighbours_do_not_ring_for_each_other() -> None:
    inside, done = asyncio.Event(), asyncio.Event()

    async def holder() -> None:
        with hold():
            inside.set()
            await done.wait()

    task = asyncio.create_task(holder())
    await inside.wait()
    assert not alarmed()
    done.set()
    await task


async def test_a_task_may_leave_but_the_opener_may_not() -> None:
    async def long_lived() -> bool:
        leave()
        return alarmed()

    with hold():
        assert await asyncio.create_task(long_lived()) is False
        assert alarmed(), "its leaving is its own"
        with pytest.raises(RuntimeError):
            leave()
    leave()


async def test_a_child_that_left_and_opens_its_own_rings_for_that() -> None:
    async def child() -> list[int]:
        leave()
        with hold():
            inner = holding()
        return [inner, holding()]

    with hold():
        assert await asyncio.create_task(child()) == [1, 0]


async def test_it_may_be_closed_from_another_context() -> None:
    """An async generator's second half can run in a context that never saw the first."""

    async def generator() -> AsyncGenerator[None, None]:
        with hold():
            yield

    steps = generator()
    here = contextvars.copy_context()
    await asyncio.create_task(steps.__anext__(), context=here)
    assert here.run(alarmed)
    await asyncio.create_task(steps.aclose())
    assert not here.run(alarmed)
