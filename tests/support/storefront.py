"""The example store as a real process beside Portside, and a look into both."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.patience import PATIENCE
from tests.support.process import Installation

PASSWORD = "a long enough secret"
FOLDER = Path(__file__).resolve().parents[2] / "examples" / "storefront"


class Storefront:
    """A running store. Its `url` is of another site than Portside's, which is at 127.0.0.1."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://localhost:{port}"

    @contextmanager
    def running(self, environ: Mapping[str, str]) -> Iterator[None]:
        """The store's process, which ends with the block."""
        self.folder.mkdir()
        own = {
            "STOREFRONT_DATA_DIR": str(self.folder),
            "STOREFRONT_PORT": str(self.port),
            "STOREFRONT_PUBLIC_URL": self.url,
            "STOREFRONT_WEBHOOK_URL": f"http://127.0.0.1:{self.port}",
            "STOREFRONT_DEMO": "1",
        }
        command = [sys.executable, "-m", "storefront"]
        with (self.folder / "store.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=FOLDER, env={**os.environ, **own, **environ}, stderr=log)
        try:
            _wait_until_it_answers(process, self)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What is in its database."""
        database = sqlite3.connect(f"file:{self.folder / 'store.sqlite3'}?mode=ro", uri=True)
        try:
            return database.execute(query, values).fetchall()
        finally:
            database.close()

    def log(self) -> str:
        return (self.folder / "store.log").read_text(errors="replace")


def free_port() -> int:
    """A port that nobody listens at, from below those that systems give to whoever asks for any: until its owner binds
    it, no connection and no other server gets it by chance."""
    for _ in range(100):
        port = random.randrange(12_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("100 ports are taken")


def _wait_until_it_answers(process: subprocess.Popen[bytes], store: Storefront) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, store.log()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{store.port}/", timeout=5).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the store does not answer: {store.log()}")


class Platform:
    """Portside, the store, and the accounts that the store's merchants have at Portside."""

    def __init__(self, installation: Installation, portside: str, store: Storefront) -> None:
        self.installation = installation
        self.portside = portside
        self.store = store
        self.tokens: dict[str, str] = {}
        self.environ = {"STOREFRONT_PORTSIDE_URL": portside}
        # The app's own webhook, where it has one.
        self.hook_id = ""
        self.partner = ""

    def register_app(self, partner: str, webhooks: str) -> None:
        """The store as an app of its maker's; `webhooks` is `merchant` or `app`, as in the store's settings."""
        self.partner = partner
        self.open_account(partner)
        site = self.store.url
        options = ["--name", "Example Market", "--redirect-uri", f"{site}/shippo-oauth-redirect/", "--origin", site]
        app = json.loads(self.installation.command("create-app", *options, "--certified", "--email", partner))
        self.environ |= {"STOREFRONT_CLIENT_ID": app["client_id"], "STOREFRONT_CLIENT_SECRET": app["client_secret"]}
        if webhooks == "app":
            url = f"http://127.0.0.1:{self.store.port}/webhooks/portside"
            body = {"event": "all", "url": url, "app": app["client_id"], "is_test": True}
            self.hook_id = self.call(partner, "/webhooks", body)["object_id"]
            secret = self.call(partner, f"/webhooks/{self.hook_id}/secret")["secret"]
            self.environ |= {"STOREFRONT_WEBHOOKS": "app", "STOREFRONT_APP_WEBHOOK_SECRET": secret}

    def open_account(self, email: str) -> None:
        self.installation.command("create-account", "--email", email, "--password", PASSWORD, "--company", "A shop")
        self.tokens[email] = self.installation.command("create-token", "--email", email, "--mode", "test")

    def call(self, email: str, path: str, body: Any = None) -> Any:
        """Portside's API as the merchant's account sees it."""
        return self._call(f"ShippoToken {self.tokens[email]}", path, body)

    def call_as_store(self, path: str, body: Any = None) -> Any:
        """Portside's API with the token that the store was given."""
        ((token,),) = self.store.rows("SELECT access_token FROM connections")
        return self._call(f"Bearer {token}", path, body)

    def call_about_hook(self, path: str, body: Any = None) -> Any:
        """About the webhook that the store hears by: its app's, or the one in the merchant's account."""
        if self.hook_id:
            return self.call(self.partner, f"/webhooks/{self.hook_id}{path}", body)
        ((hook,),) = self.store.rows("SELECT webhook_id FROM connections")
        return self.call_as_store(f"/webhooks/{hook}{path}", body)

    def _call(self, authorization: str, path: str, body: Any) -> Any:
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.portside + path, data, headers)) as answer:
            return json.load(answer)

    def scan(self, email: str, number: str) -> None:
        """The carrier scans the parcel once more."""
        self.call(email, "/simulator/advance", {"to_next_scan": True, "tracking_number": number})

    def events(self, name: str) -> list[Any]:
        """What the store was told by webhook, each id once."""
        bodies = [json.loads(body) for (body,) in self.store.rows("SELECT body FROM inbox ORDER BY rowid")]
        return [body for body in bodies if body["event"] == name]

    def messages(self, tracking: str) -> list[tuple[Any, ...]]:
        return self.store.rows(
            "SELECT channel, kind, recipient, body FROM messages m JOIN parcels p ON p.id = m.parcel_id "
            "WHERE p.tracking_number = ? AND kind != 'plain'",
            tracking,
        )

    def state(self, tracking: str) -> list[Any]:
        """Everything that news of a parcel could change."""
        return [
            self.store.rows(
                "SELECT status, substatus, status_at, eta FROM parcels WHERE tracking_number = ?", tracking
            ),
            self.store.rows("SELECT count(*) FROM inbox"),
            self.store.rows("SELECT count(*) FROM scans"),
            self.store.rows("SELECT kind, state FROM alerts"),
            self.messages(tracking),
        ]

    def scan_until(self, email: str, tracking: str, wanted: str, column: str = "status") -> None:
        """Scans, each awaited in the store, until the parcel is where the story wants it."""
        query = f"SELECT {column} FROM parcels WHERE tracking_number = ?"
        for _ in range(20):
            seen = self.store.rows("SELECT count(*) FROM scans")
            self.scan(email, tracking)
            wait_for(lambda seen=seen: self.store.rows("SELECT count(*) FROM scans") != seen)
            if self.store.rows(query, tracking) == [(wanted,)]:
                return
        raise AssertionError(f"the parcel never was {wanted}")


def wait_for(condition: Any) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("not in time")
