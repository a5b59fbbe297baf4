"""The stream's rules which no browser shows quickly: who takes nothing is cut off, and so is who is let in no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from portside.accounts.actions import create_session
from portside.accounts.queries import find_session, find_sign_in
from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.kit.crypto import hash_token
from portside.web import live
from portside.web.live import Line, Lines
from portside.web.session import SignedIn
from tests.support.cast import Person
from tests.support.patience import PATIENCE


@pytest.fixture
async def lines(product: object) -> AsyncIterator[Lines]:
    async with live.running() as lines:
        yield lines


async def session_of(person: Person) -> SignedIn:
    async with begin() as tx:
        found = await find_sign_in(tx, person.email)
        assert found is not None
        token = await create_session(tx, found[0].id, person.account_id, "test", 1)
    async with reading() as tx:
        session = await find_session(tx, hash_token(token))
    assert session is not None
    return SignedIn(token=token, session=session)


class Connection:
    """The server's end of one connection; while `is_stuck`, the browser takes nothing."""

    def __init__(self, line: Line) -> None:
        self.sent: list[dict[str, Any]] = []
        self.is_stuck = False
        self.task = asyncio.create_task(line({}, self._receive, self._send))  # type: ignore[arg-type]

    async def _receive(self) -> Any:
        await asyncio.Event().wait()

    async def _send(self, message: Any) -> None:
        if self.is_stuck:
            await asyncio.Event().wait()
        self.sent.append(message)

    async def opened(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.sent) < 2:
                await asyncio.sleep(0.01)

    async def ended(self) -> bool:
        """Wait for the end; tells whether the answer was finished in order."""
        async with asyncio.timeout(PATIENCE):
            await self.task
        return self.sent[-1].get("more_body") is False


async def test_only_streams_of_sessions_that_still_stand_go_on(lines: Lines, alice: Person) -> None:
    staying, signed_out, expired, removed = [await session_of(alice) for _ in range(4)]
    open_lines = [Connection(lines.new(one, None)) for one in (staying, signed_out, expired, removed)]
    for connection in open_lines:
        await connection.opened()
    await lines.check()
    pool = current_pool()
    await pool.execute("DELETE FROM sessions WHERE token_hash = $1", hash_token(signed_out.token))
    await pool.execute("UPDATE sessions SET expires_at = now() WHERE token_hash = $1", hash_token(expired.token))
    await lines.check()
    assert [await connection.ended() for connection in open_lines[1:3]] == [True, True]
    assert not open_lines[0].task.done() and not open_lines[3].task.done()
    await pool.execute("DELETE FROM members WHERE account_id = $1", alice.account_id)
    await lines.check()
    assert [await connection.ended() for connection in open_lines] == [True] * 4


async def test_a_browser_that_takes_nothing_is_cut_off(
    lines: Lines, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(live, "SEND_SECONDS", 0.05)
    connection = Connection(lines.new(await session_of(alice), None))
    await connection.opened()
    connection.is_stuck = True
    assert await connection.ended() is False
