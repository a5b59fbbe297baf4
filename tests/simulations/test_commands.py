"""`portside simulator …`, as an operator types it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import subprocess
from pathlib import Path

from portside.kit.clock import now, to_wire
from tests.support.database import fresh_database
from tests.support.patience import PATIENCE
from tests.support.process import PORTSIDE, Installation

EMAIL = "alice@example.com"


async def test_an_operator_moves_the_clock_and_reads_the_log(worker_name: str, tmp_path: Path) -> None:
    installation = Installation(await fresh_database(f"simulator_{worker_name}"), tmp_path)

    def work() -> None:
        installation.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
        clock = json.loads(installation.command("simulator", "advance", "--email", EMAIL, "--days", "2"))
        assert clock["now"] > to_wire(now() + dt.timedelta(days=1))
        assert installation.command("simulator", "calls", "--email", EMAIL) == ""
        done = subprocess.run(
            [PORTSIDE, "simulator", "advance", "--email", EMAIL],
            env=installation.environ, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr.strip()) == (
            1,
            "portside: Give exactly one of seconds, hours, days and to_next_scan.",
        )

    await asyncio.to_thread(work)
