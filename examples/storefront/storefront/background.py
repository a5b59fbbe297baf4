"""What happens without anybody clicking: one thread that handles webhooks, hands over orders and looks for silence."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time

from storefront import alerts, connect, orders, webhooks
from storefront.web import Store

log = logging.getLogger("storefront")
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_PUSHES = 5.0
SECONDS_BETWEEN_ROUNDS = 60.0
SECONDS_BETWEEN_CHECKS_OF_CONNECTIONS = 6 * 3600.0


class Background:
    """Runs until `stop`. The store's bell makes it look at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = threading.Event()
        self._last = {"push": 0.0, "silence": 0.0, "connections": time.monotonic()}
        self._thread = threading.Thread(target=self._run, name="storefront-background", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._store.bell.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stopping.is_set():
            rung = self._store.bell.wait(SECONDS_BETWEEN_LOOKS)
            self._store.bell.clear()
            try:
                self._round(rung=rung)
            except sqlite3.OperationalError:
                log.exception("The database was busy; what waits is still there at the next look")

    def _round(self, *, rung: bool) -> None:
        webhooks.work_off(self._store)
        if rung or self._is_due("push", SECONDS_BETWEEN_PUSHES):
            orders.push_waiting(self._store)
        if self._is_due("silence", SECONDS_BETWEEN_ROUNDS):
            with self._store.database.writing() as db:
                alerts.look_for_silence(db)
        if self._is_due("connections", SECONDS_BETWEEN_CHECKS_OF_CONNECTIONS):
            connect.check_connections(self._store)

    def _is_due(self, what: str, seconds: float) -> bool:
        if time.monotonic() - self._last[what] < seconds and self._last[what]:
            return False
        self._last[what] = time.monotonic()
        return True
