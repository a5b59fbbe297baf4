"""Mail as people get it: an SMTP double in a thread of its own, for tests that wait in the foreground."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.patience import PATIENCE
from tests.support.smtp import SmtpDouble, smtp_double


class Inbox:
    def __init__(self, double: SmtpDouble) -> None:
        self._double = double

    @property
    def environ(self) -> dict[str, str]:
        """The settings of an installation that hands its mail in here."""
        url = f"smtp://127.0.0.1:{self._double.port}?starttls=off"
        return {"PORTSIDE_SMTP_URL": url, "PORTSIDE_MAIL_FROM": "Portside <post@portside.example>"}

    def wait_for(self, recipient: str) -> str:
        """The text of the newest mail to somebody, once there is one."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for handed in reversed(self._double.inbox):
                if recipient in handed.recipients:
                    body = handed.message.get_body(("plain",))
                    assert body is not None
                    return str(body.get_content())
            time.sleep(0.05)
        raise AssertionError(f"no mail to {recipient} came")


@contextmanager
def mail_inbox() -> Iterator[Inbox]:
    """An inbox that is open."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    double = smtp_double()
    try:
        yield Inbox(asyncio.run_coroutine_threadsafe(double.__aenter__(), loop).result(PATIENCE))
    finally:
        asyncio.run_coroutine_threadsafe(double.__aexit__(None, None, None), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
