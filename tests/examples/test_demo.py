"""`make demo`: two processes come up and tell a tour; they end with Ctrl-C, and with whoever started them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.database import fresh_database
from tests.support.patience import PATIENCE
from tests.support.storefront import free_port

ROOT = Path(__file__).resolve().parents[2]


class Demo:
    """A demo that runs, and where its two sites are."""

    def __init__(self, process: subprocess.Popen[str], store: str, portside: str) -> None:
        self.process = process
        self.store = store
        self.portside = portside

    def answers(self) -> list[bool]:
        return [_answers(self.store), _answers(self.portside + "/sign-in")]


@contextmanager
def demo(dsn: str, folder: Path, port: int) -> Iterator[tuple[Demo, str]]:
    environ = {
        **os.environ,
        "DATABASE_URL": dsn,
        "PORTSIDE_DATA_DIR": str(folder),
        "PORTSIDE_PORT": "0",
        "PORTSIDE_POOL_SIZE": "6",
        "STOREFRONT_PORT": str(port),
    }
    process = subprocess.Popen(
        [sys.executable, "scripts/demo.py"], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
    )
    try:
        said = _read_tour(process)
        store, portside = re.findall(r"(?:The store|Portside)\s+(http://\S+?)/\s", said)[:2]
        yield Demo(process, store, portside), said
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def _read_tour(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C ends both" in line:
            return said
    raise AssertionError(f"the demo ended with {process.wait()}: {said}")


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url.replace("localhost", "127.0.0.1"), timeout=60).close()
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


async def test_the_demo_starts_twice_and_leaves_nothing_behind(tmp_path: Path, worker_name: str) -> None:
    dsn, port = await fresh_database(f"demo_{worker_name}"), free_port()
    with demo(dsn, tmp_path, port) as (running, said):
        assert running.answers() == [True, True]
        assert "Registering the store as an app" in said and "owner@fernleaf.example" in said
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(timeout=PATIENCE) == 0
        assert running.answers() == [False, False]
    with demo(dsn, tmp_path, port) as (running, said):
        assert running.answers() == [True, True]
        assert "Registering" not in said
        running.process.kill()
        running.process.wait()
        deadline = time.monotonic() + PATIENCE
        while any(running.answers()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert running.answers() == [False, False]
