"""What the tests of the private PostgreSQL share: holders that can be killed, and a count of who is alive."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from portside.db.embedded import Attachment, run_tool
from tests.support.patience import PATIENCE

ROOT = os.geteuid() == 0
_TELLING = ("State:", "PPid:", "SigPnd:", "ShdPnd:", "SigBlk:")  # lines of /proc/PID/status
_HOLDER = """
import sys
from pathlib import Path
from portside.db.embedded.site import site_at
from portside.db.embedded.supervisor import Plan, attach_to
plan = Plan(site_at(Path(sys.argv[1])), Path(sys.argv[2]), "nobody", lambda text: None, sys.argv[3])
attachment = attach_to(plan)
print("up", flush=True)
for line in sys.stdin:
    if line == "revive\\n":
        attachment.revive()
        print("revived", flush=True)
attachment.release()
print("released", flush=True)
"""


class Holder:
    """Another Portside process: attaches, tells when it is up, releases when its input ends."""

    def __init__(self, data_dir: Path, pg_bin: Path, tie: str = "kernel") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, str(data_dir), str(pg_bin), tie],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def expect(self, word: str) -> None:
        assert self.process.stdout is not None and self.process.stderr is not None
        said = self.process.stdout.readline().strip()
        assert said == word, f"{said!r}\n{self.process.stderr.read()}"

    def order(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def release(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.expect("released")
        self.end()

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        self.process.wait(60)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def server_processes(data_dir: Path) -> dict[int, str]:
    """Watchdog, minder, postmaster and its children, by their working directory: pid → command line."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # A folder that was removed or renamed is shown with its former name and a remark.
            if str((entry / "cwd").readlink()).startswith(str(data_dir)):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def watchdogs(data_dir: Path) -> list[int]:
    """The watchdog and, where there is one, its minder (in this order, which after the highest number is not that of
    the numbers)."""
    pids = [pid for pid, line in server_processes(data_dir).items() if "watchdog.py" in line]
    return sorted(pids, key=lambda pid: parent_of(pid) in pids)


def parent_of(pid: int) -> int:
    """The parent's number; 0 of a process that is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def postmaster(data_dir: Path) -> int:
    [pid] = (pid for pid, line in server_processes(data_dir).items() if "bin/postgres -D" in line)
    return pid


def wait_until(condition: object, what: str | Callable[[], str], seconds: float = PATIENCE) -> None:
    """Wait for a callable to become true; the limit only ends a broken test."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what if isinstance(what, str) else what()
        time.sleep(0.02)


def wait_gone(data_dir: Path) -> None:
    wait_until(lambda: not server_processes(data_dir), lambda: f"processes were left behind:\n{leftovers(data_dir)}")


def leftovers(data_dir: Path) -> str:
    """Who is still there and what it is doing, and what the server and its watchdog said last."""
    lines = []
    for pid, command in server_processes(data_dir).items():
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            facts = [line.expandtabs(1) for line in status.splitlines() if line.startswith(_TELLING)]
            wait_channel = Path(f"/proc/{pid}/wchan").read_text()
            lines.append(f"{pid} {command.strip()} [{', '.join(facts)}, waits in {wait_channel}]")
    for log in sorted(data_dir.rglob("postgres/log/*")):
        lines += [f"{log}:", *log.read_text(errors="replace").splitlines()[-15:]]
    return "\n".join(lines)


def kill(*pids: int) -> None:
    """Kill them all and wait until they are dead: until then a process still has its locks."""
    with contextlib.ExitStack() as opened:
        dying = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                dying.append(os.pidfd_open(pid))
                opened.callback(os.close, dying[-1])
                signal.pidfd_send_signal(dying[-1], signal.SIGKILL)
        for process in dying:
            assert select.select([process], [], [], 60)[0], "a killed process does not die"


def kill_all(data_dir: Path) -> None:
    """Leave none, not even one that was born while the others were being killed."""
    while pids := server_processes(data_dir):
        kill(*pids)


def sql(attachment: Attachment, statement: str) -> str:
    """Run a statement in psql, committed; gives its rows, fields parted by |."""
    return run_tool(attachment, "psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement]).decode().strip()


@contextlib.contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that another user can pass through (pytest's own are closed), gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="portside-embedded-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        kill_all(folder)
        shutil.rmtree(folder)


def copy_cluster(source: Path, data_dir: Path) -> Path:
    """A data directory with a copy of another's (stopped) cluster, owners kept."""
    data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", source / "postgres", data_dir / "postgres"], check=True)
    return data_dir
