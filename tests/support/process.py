"""Real processes: `portside serve` and `portside worker` on the run's PostgreSQL, and a database of their own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support.patience import PATIENCE

PORTSIDE = Path(sys.executable).with_name("portside")


class Installation:
    """One database and data directory that any number of processes share."""

    def __init__(self, dsn: str, folder: Path, **environ: str) -> None:
        self.environ = {
            **os.environ,
            "DATABASE_URL": dsn,
            "PORTSIDE_DATA_DIR": str(folder),
            "PORTSIDE_ALLOWED_NETWORKS": "127.0.0.0/8",
            "PORTSIDE_LOG_LEVEL": "warning",
            "PORTSIDE_POOL_SIZE": "6",
            # The simulated carriers share the machine with everything else, and going on without one is not meant here.
            "PORTSIDE_RATE_BUDGET_SECONDS": "120",
            "PORTSIDE_BUY_DEADLINE_SECONDS": "120",
            **environ,
        }
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def command(self, *arguments: str) -> str:
        """Run a command to its end; gives what it printed."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, be it good or bad."""
        command = [str(PORTSIDE), *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def serve(self, *options: str, environ: Mapping[str, str] | None = None) -> Serving:
        """Start a server on a free port and wait until it listens."""
        process = self._start("serve", "--port", "0", *options, environ=environ)
        line = _read_line(process, "Portside is at ")
        return Serving(process, line.rsplit(" ", 1)[1].strip())

    def work(self, environ: Mapping[str, str] | None = None) -> Running:
        """Start a worker and wait until it works."""
        process = self._start("worker", environ=environ)
        _read_line(process, "The worker is running")
        return Running(process)

    def _start(self, *arguments: str, environ: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{arguments[0]}-{len(self._processes)}.log").open("wb")
        process = subprocess.Popen(
            [PORTSIDE, *arguments], env={**self.environ, **(environ or {})}, stdout=subprocess.PIPE, stderr=log
        )
        log.close()
        self._processes.append(process)
        return process

    def logs(self) -> str:
        """What all processes wrote to standard error."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        """End every process that this started, politely first."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


class Running:
    """A process that this test started."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """Pull its plug."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> int:
        """Ask it to stop, as Ctrl-C does; gives its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=PATIENCE)


class Serving(Running):
    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        super().__init__(process)
        self.url = url


def _read_line(process: subprocess.Popen[bytes], start: str) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ready, _, _ = select.select([process.stdout], [], [], 0.5)
        if ready:
            line = process.stdout.readline().decode()
            if line.startswith(start):
                return line
        if process.poll() is not None:
            break
    raise AssertionError(f"the process did not say {start!r}; status {process.poll()}")
