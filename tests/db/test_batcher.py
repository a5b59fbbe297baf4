"""The commit batcher: who is answered when, and what becomes of drafts that fail or whose callers go away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest

from portside.db.batcher import Batcher
from portside.db.tx import Tx
from portside.errors import BadRequest, Overloaded


class Book:
    """Where drafts are written: `written` are the batches that went through. While it is shut, writers wait."""

    def __init__(self) -> None:
        self.written: list[list[str]] = []
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.is_asked = asyncio.Event()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        yield cast(Tx, self)

    async def write(self, _tx: Tx, drafts: Sequence[str]) -> None:
        self.is_asked.set()
        await self.is_open.wait()
        if "bad" in drafts:
            raise BadRequest("This draft is bad.")
        self.written.append(list(drafts))

    def batcher(self, *, size: int = 64, queue: int = 100) -> Batcher[str]:
        return Batcher(self.write, self.begin, size=size, lanes=1, queue=queue)


async def test_a_caller_that_was_answered_may_submit_again_at_once() -> None:
    book = Book()
    ours = book.batcher()
    async with asyncio.timeout(60):
        for draft in "abc":
            await ours.submit(draft)
    assert book.written == [["a"], ["b"], ["c"]]


async def test_what_arrives_during_a_commit_goes_out_together_as_the_next() -> None:
    book = Book()
    ours = book.batcher(size=3)
    book.is_open.clear()
    async with asyncio.TaskGroup() as callers:
        callers.create_task(ours.submit("a"))
        await book.is_asked.wait()
        for draft in "bcde":
            callers.create_task(ours.submit(draft))
        # Tasks begin in the order in which they were made: all have submitted when this one goes on.
        await asyncio.sleep(0)
        book.is_open.set()
    assert book.written == [["a"], ["b", "c", "d"], ["e"]]


async def test_a_bad_draft_fails_its_own_caller_only() -> None:
    book = Book()
    answers = await asyncio.gather(*map(book.batcher().submit, ["a", "bad", "b"]), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), BadRequest, type(None)]
    assert book.written == [["a"], ["b"]]


async def test_the_draft_of_a_caller_that_went_away_is_written() -> None:
    book = Book()
    ours = book.batcher()
    book.is_open.clear()
    gone = asyncio.create_task(ours.submit("a"))
    await book.is_asked.wait()
    gone.cancel()
    await asyncio.wait([gone])
    book.is_open.set()
    await ours.submit("b")
    assert gone.cancelled()
    assert book.written == [["a"], ["b"]]


async def test_too_many_that_wait_are_refused_and_flush_waits_for_the_others() -> None:
    book = Book()
    ours = book.batcher(queue=1)
    book.is_open.clear()
    first = asyncio.create_task(ours.submit("a"))
    await book.is_asked.wait()
    second = asyncio.create_task(ours.submit("b"))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await ours.submit("c")
    book.is_open.set()
    await ours.flush()
    assert book.written == [["a"], ["b"]]
    await asyncio.gather(first, second)
