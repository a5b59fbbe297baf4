"""The commit batcher: writes that arrive while a commit is in flight wait and go out together as the next one.

Each caller is answered after its own rows are durable. A batch that fails is replayed row by row, so that one bad
row cannot fail its neighbours; drafts carry ids made before, so a replay never writes twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar, cast

from portside.db.tx import Tx
from portside.errors import Overloaded, Unavailable

D = TypeVar("D")
Write = Callable[[Tx, Sequence[D]], Awaitable[None]]
Begin = Callable[[], AbstractAsyncContextManager[Tx]]

# When the connection is lost with a commit in flight nobody knows whether it happened; the replay finds out.
_REPLAYS = 3
_REPLAY_PAUSE = 0.2


class Batcher(Generic[D]):
    """One per process and kind of write. `write` must be safe to repeat with the same drafts."""

    def __init__(self, write: Write[D], begin: Begin, *, size: int, lanes: int, queue: int) -> None:
        self._write = write
        self._begin = begin
        self._size = size
        self._lanes = lanes
        self._queue = queue
        self._waiting: deque[tuple[D, asyncio.Future[None]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def submit(self, draft: D) -> None:
        """Write one draft; returns once it is durable. Raises Overloaded when too much waits, or its own error.

        A caller that goes away does not take its draft back.
        """
        if len(self._waiting) >= self._queue:
            raise Overloaded("Too many orders are waiting to be written. Try again shortly.")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((draft, future))
        if len(self._running) < self._lanes:
            self._running.add(asyncio.create_task(self._lane()))
        await future

    async def flush(self) -> None:
        """Wait until nothing waits any more; for shutdown."""
        while self._running:
            await asyncio.wait(self._running)

    async def _lane(self) -> None:
        try:
            while self._waiting:
                count = min(self._size, len(self._waiting))
                batch = [self._waiting.popleft() for _ in range(count)]
                await self._commit(batch)
        finally:
            # Here and not in a callback: whoever was just answered may submit again before any callback runs.
            self._running.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _commit(self, batch: list[tuple[D, asyncio.Future[None]]]) -> None:
        error = await self._attempt([draft for draft, _ in batch])
        if error is None or len(batch) == 1:
            for _, future in batch:
                _answer(future, error)
            return
        for draft, future in batch:
            _answer(future, await self._attempt([draft]))

    async def _attempt(self, drafts: Sequence[D]) -> Exception | None:
        for again in range(_REPLAYS + 1):
            try:
                async with self._begin() as tx:
                    await self._write(tx, drafts)
            except Unavailable as error:
                if again == _REPLAYS:
                    return error
                await asyncio.sleep(_REPLAY_PAUSE * (again + 1))
            except Exception as error:  # noqa: BLE001 - handed to the caller whose draft it was
                return error
            else:
                return None
        return None


def _answer(future: asyncio.Future[None], error: Exception | None) -> None:
    # A caller that went away has cancelled it.
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
