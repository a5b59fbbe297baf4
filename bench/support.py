"""What benches share: a server of their own, wrk, CPU time from /proc, and the closing JSON line."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from portside.db.embedded import Attachment, temporary_server

PORTSIDE = Path(sys.executable).with_name("portside")
_TICK = os.sysconf("SC_CLK_TCK")


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What wrk measured; times in milliseconds."""

    requests: int
    per_second: float
    p50: float
    p99: float
    failures: int


class Server(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    pid: int
    attachment: Attachment
    token: str
    email: str


def tool(name: str) -> str:
    """The path of a load tool; installed from Debian when we are root."""
    found = shutil.which(name)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-qq", name], check=True, stdout=subprocess.DEVNULL)
        found = shutil.which(name)
    if found is None:
        sys.exit(f"This bench needs {name}; install it first.")
    return found


@contextmanager
def serving(*options: str, postgres: str = "", **environ: str) -> Iterator[Server]:
    """`portside serve` on a fresh private PostgreSQL, with one account and its test token.

    `postgres`: a setting of PostgreSQL's that it is to run with.
    """
    with temporary_server() as attachment:
        if postgres:
            _restart_with(attachment, postgres)
        env = _environ(attachment, environ)
        email = "alice@bench.example"
        subprocess.run([PORTSIDE, "create-account", "--email", email], env=env, check=True, stdout=subprocess.DEVNULL)
        made = subprocess.run([PORTSIDE, "create-token", "--email", email], env=env, check=True, capture_output=True)
        process = subprocess.Popen([PORTSIDE, "serve", "--port", "0", *options], env=env, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            url = line.rsplit(" ", 1)[1].strip()
            yield Server(
                url=url, pid=process.pid, attachment=attachment, token=made.stdout.decode().strip(), email=email
            )
        finally:
            process.terminate()
            process.wait(timeout=30)


def _restart_with(attachment: Attachment, setting: str) -> None:
    (attachment.data_dir / "postgres" / "local.conf").write_text(setting + "\n")
    before = postmaster_pid(attachment)
    os.kill(before, signal.SIGINT)
    for _ in range(600):
        try:
            if postmaster_pid(attachment) != before:
                break
        except (FileNotFoundError, IndexError, ValueError):
            pass  # it has ended, and the watchdog is about to start it again
        time.sleep(0.05)
    attachment.revive()


@contextmanager
def working(server: Server, **environ: str) -> Iterator[int]:
    """`portside worker` beside a server; gives its pid."""
    process = subprocess.Popen([PORTSIDE, "worker"], env=_environ(server.attachment, environ), stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"The worker is running")
        yield process.pid
    finally:
        # A bench that failed may have halted it.
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(timeout=30)


def _environ(attachment: Attachment, environ: Mapping[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "PORTSIDE_DATA_DIR": str(attachment.data_dir),
        "PORTSIDE_LOG_LEVEL": "warning",
        "PORTSIDE_ALLOWED_NETWORKS": "127.0.0.0/8",
        **environ,
    }


def wrk(url: str, *, connections: int, seconds: float, script: str = "", token: str = "") -> Load:
    """Load one URL from one thread; `script` is Lua."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script + _REPORT)
        file.flush()
        command = [tool("wrk"), "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "-s", file.name]
        if token:
            command += ["-H", f"Authorization: ShippoToken {token}"]
        done = subprocess.run([*command, url], check=True, capture_output=True, text=True)
    found = re.search(r"REPORT (\{.*\})", done.stdout)
    assert found is not None, done.stdout + done.stderr
    return msgspec.json.decode(found[1], type=Load)


_REPORT = """
function done(summary, latency, requests)
  local failures = summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.status + summary.errors.timeout
  print(string.format('REPORT {"requests":%d,"per_second":%f,"p50":%f,"p99":%f,"failures":%d}', summary.requests,
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000, failures))
end
"""


def post_script(body: str) -> str:
    """A wrk script that posts `body`."""
    return f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [==[{body}]==]\n'


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, those that ended included."""
    total = 0.0
    for each in {pid, *_descendants(pid)}:
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            continue
        ended = sum(map(int, fields[13:15])) if each == pid else 0
        total += (int(fields[11]) + int(fields[12]) + ended) / _TICK
    return total


def _descendants(pid: int) -> set[int]:
    children: dict[int, set[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, set()).add(int(path.parent.name))
    found: set[int] = set()
    todo = [pid]
    while todo:
        new = children.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


def postmaster_pid(attachment: Attachment) -> int:
    """The pid of the private server."""
    return int((attachment.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def median(values: list[float]) -> float:
    return statistics.median(values)


def report(bench: str, against: str, ratio: float, **figures: Any) -> None:
    """The last line of every bench."""
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
    print(json.dumps({"bench": bench, "against": against, "ratio": round(ratio, 3), **rounded}), flush=True)
