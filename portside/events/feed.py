"""This process's one reader of the log, for all who follow it: it reads what is new and hands it on in memory.

It is woken by commits here and, through NOTIFY, by those of other processes; a slow poll is the net under that. Without
followers it reads nothing. A follower holds no connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from portside.db.begin import reading
from portside.events.models import Bulletin, News
from portside.events.outbox import TOPIC
from portside.events.queries import news_horizon, news_since
from portside.jobs import wake
from portside.jobs.trouble import TROUBLE
from portside.kit.ids import Id
from portside.kit.scope import Mode
from portside.kit.tripwire import leave

log = structlog.get_logger(__name__)

# A busy log is read this often at most, in seconds; what comes meanwhile is one bulletin.
LEAST_PAUSE = 0.1
# How soon to look again for what an open transaction holds back; the wait doubles.
SOONEST, LATEST = 0.1, 1.0
POLL_SECONDS = 15.0
# A follower who has not taken so many news is told to look at everything instead.
MOST_WAITING = 500


class Follower:
    """What has happened in one account and mode and has not been taken yet. `horizon` is where to resume."""

    def __init__(self, account_id: Id, mode: Mode) -> None:
        self.account_id = account_id
        self.mode = mode
        self.horizon = 0
        self.roused = asyncio.Event()
        self._waiting: dict[tuple[str, Id], News] = {}
        self._is_cut = False

    def tell(self, bulletin: Bulletin) -> None:
        """Add what concerns this follower. To be told something twice does no harm."""
        self.horizon = max(self.horizon, bulletin.horizon)
        for news in bulletin.news:
            if (news.account_id, news.mode) == (self.account_id, self.mode):
                self._waiting[news.name, news.object_id] = news
        self._is_cut = self._is_cut or bulletin.is_cut or len(self._waiting) > MOST_WAITING
        if self._is_cut:
            self._waiting.clear()
        if self._is_cut or self._waiting:
            self.roused.set()

    def take(self) -> tuple[list[News], bool]:
        """The news since the last time, the latest of each name and object; True: anything may have happened."""
        taken = list(self._waiting.values()), self._is_cut
        self._waiting.clear()
        self._is_cut = False
        self.roused.clear()
        return taken


class Feed:
    """Reads for all followers of this process."""

    def __init__(self) -> None:
        self._followers: set[Follower] = set()
        self._horizon: int | None = None
        self._look = asyncio.Event()

    @asynccontextmanager
    async def following(self, account_id: Id, mode: Mode, since: int | None) -> AsyncIterator[Follower]:
        """Follow from now on, or from the horizon at which an earlier follower ended. Raises Unavailable."""
        follower = Follower(account_id, mode)
        # It collects from here on, so nothing falls between what is read now and what is told later.
        self._followers.add(follower)
        try:
            async with reading() as tx:
                start = await news_horizon(tx)
                if self._horizon is None:
                    self._horizon = start
                bulletin = await news_since(tx, start if since is None else since, [account_id])
            follower.tell(bulletin)
            if bulletin.is_late:
                self._look.set()
            yield follower
        finally:
            self._followers.discard(follower)
            if not self._followers:
                self._horizon = None

    async def run(self) -> None:
        """Read until cancelled. An unreachable database is waited for."""
        leave()
        pause, late = POLL_SECONDS, SOONEST
        with wake.watching(TOPIC, self._look):
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._look.wait()
                self._look.clear()
                try:
                    is_late = await self._read()
                except TROUBLE as error:
                    log.warning("events_feed_interrupted", error=str(error))
                    is_late = False
                pause, late = (late, min(late * 2, LATEST)) if is_late else (POLL_SECONDS, SOONEST)
                await asyncio.sleep(LEAST_PAUSE)

    async def _read(self) -> bool:
        """Tell the followers what is new; gives whether more is committed already."""
        if self._horizon is None:
            return False
        asked = self._accounts()
        async with reading() as tx:
            bulletin = await news_since(tx, self._horizon, asked)
        for follower in self._followers:
            if follower.account_id in asked:
                follower.tell(bulletin)
        if not self._followers:
            return False
        if self._accounts() <= asked:
            self._horizon = bulletin.horizon
        else:
            # Who has come meanwhile was not asked for: the same is read once more.
            self._look.set()
        return bulletin.is_late

    def _accounts(self) -> set[Id]:
        return {follower.account_id for follower in self._followers}
