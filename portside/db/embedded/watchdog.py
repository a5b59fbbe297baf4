"""The watchdog: owns one PostgreSQL server and stops it once no Portside process is left on the data directory.

It runs as a script of its own (`python -I -S watchdog.py`) in a session of its own, so that Ctrl-C does not reach it,
and it needs nothing but a few modules of the standard library, loaded at its start: it outlives upgrades of its
environment, and after it changed its user it may not even be able to read them. Its working directory is the
cluster. Its orders come as JSON on standard input, its report goes to standard output: `ready`, or what went wrong.
"""
# Loading pathlib would cost a tenth of the warm start.
# ruff: noqa: PTH103, PTH105, PTH108, PTH115, PTH123

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import sys
import time

STARTING_TICK = 0.01  # seconds between looks while the server comes up
TICK = 0.1  # and afterwards; nobody's leaving is noticed later than this
PATIENCE = ((signal.SIGINT, 120.0), (signal.SIGQUIT, 30.0), (signal.SIGKILL, 30.0))
STRAGGLING = 5.0  # seconds that children get to notice their postmaster's death; one that waits for a lock never does
DEATHS, WITHIN = 5, 60.0  # a server that dies more often than this (seconds) is not started again
KEPT_WORDS = 4000  # bytes of last words
SCANT_ROOM = 16 << 20  # bytes; PostgreSQL writes its log of changes in pieces of this size
SCANT_ROOM_WORDS = "The disk has only"
CHILD_DIED_WORDS = 'shutting down because "restart_after_crash" is off'
PR_SET_PDEATHSIG = 1


class Orders:
    """What to run, as whom, and the descriptors of the three locks."""

    def __init__(self, text: str) -> None:
        orders = json.loads(text)
        self.argv: list[str] = orders["argv"]
        self.environment: dict[str, str] = orders["environment"]
        self.files: dict[str, str] = orders["files"]
        self.switch_to: list[int] | None = orders["switch_to"]
        self.users: int = orders["users"]
        self.guard: int = orders["guard"]
        self.server: int = orders["server"]
        self.tie: str = orders["tie"]


def main() -> int:
    orders = Orders(sys.stdin.read())
    if os.fork():
        os._exit(0)  # whoever started us need not reap us later
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # We stop when our users have gone, and only then. A handler, unlike SIG_IGN, is not inherited by PostgreSQL.
        signal.signal(number, lambda *_: None)
    for descriptor in (orders.users, orders.guard):
        os.set_inheritable(descriptor, False)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        become(orders.switch_to)
        for name, content in orders.files.items():
            write_if_changed(name, content)
        trouble = watch(orders)
    except OSError as error:
        trouble = f"the watchdog met: {error}"
    if trouble:
        report(trouble)
    return 1 if trouble else 0


def become(user: list[int] | None) -> None:
    os.umask(0o077)
    if user is not None:
        os.setgroups([])
        os.setgid(user[1])
        os.setuid(user[0])


def write_if_changed(name: str, content: str) -> None:
    """Replace a file of the cluster whole; an unchanged one is left alone, so that a full disk does not matter."""
    with contextlib.suppress(OSError, UnicodeDecodeError), open(name, encoding="utf-8") as file:
        if file.read() == content:
            return
    with open(f"{name}.new", "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{name}.new", name)


def report(text: str) -> None:
    """Tell whoever started us, if it still listens; later, standard output is our log."""
    with contextlib.suppress(OSError):
        os.write(1, f"{text}\n".encode())


def stop_reporting() -> None:
    """Say that the server is ready and go on with a log file."""
    report("ready")
    try:
        os.makedirs("log", mode=0o700, exist_ok=True)
        log = os.open("log/watchdog.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if os.fstat(log).st_size > 1_000_000:
            os.ftruncate(log, 0)
    except OSError:  # a full disk must not cost us the server
        log = os.open(os.devnull, os.O_RDWR)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def watch(orders: Orders) -> str | None:
    """Keep the server up as long as it is used. Gives what went wrong, or None after stopping an unused server."""
    deaths: list[float] = []
    while True:
        server = Server(orders)
        while server.alive():
            if alone(orders.users):
                server.stop()
                return None
            server.look()
        if not server.was_ready and not server.was_killed():
            return server.last_words()
        now = time.monotonic()
        deaths = [*(then for then in deaths if then > now - WITHIN), now]
        if len(deaths) >= DEATHS:
            return f"PostgreSQL died {DEATHS} times within {WITHIN:.0f} s; giving up.\n{server.last_words()}"
        if server.was_ready:
            report(f"{time.strftime('%Y-%m-%d %H:%M:%S')} PostgreSQL died: {server.last_words()}")


def alone(users: int) -> bool:
    """Whether no Portside process is left. Once true it stays true: we keep the lock until we have ended."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Server:
    """One run of PostgreSQL. `pid` is the postmaster, or the minder that stands between it and us."""

    def __init__(self, orders: Orders) -> None:
        self.was_ready = False
        self.status: int | None = None
        self.words = bytearray()
        self.voice, voice = os.pipe()  # its standard error
        self.life, life = os.pipe()  # never written: its end means that every process of the server has gone
        self.leash: int | None = None
        self.minded = orders.tie == "pipe"
        claim_lock_files()
        if self.minded:
            end, self.leash = os.pipe()
            self.pid = fork_minder(orders, voice, life, end, (self.leash, self.voice, self.life))
            os.close(end)
        else:
            self.pid = fork_postgres(orders, voice, life, tied=True)
        os.close(voice)
        os.close(life)
        self.watched = [self.voice, self.life]

    def alive(self) -> bool:
        """Whether it still runs; once it does not, this waits until its last process has gone."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
                self.see_off()
        return self.status is None

    def look(self) -> None:
        """Wait a moment for news: words, death, readiness."""
        readable, _, _ = select.select(self.watched, [], [], TICK if self.was_ready else STARTING_TICK)
        self.listen(readable)
        if self.life in readable:
            time.sleep(STARTING_TICK)  # its descriptors close just before it can be waited for
        if not self.was_ready and is_ready():
            self.was_ready = True
            stop_reporting()

    def listen(self, readable: list[int]) -> None:
        if self.voice not in readable:
            return
        words = os.read(self.voice, 65536)
        if not words:
            self.watched.remove(self.voice)
        self.words = (self.words + words)[-KEPT_WORDS:]

    def stop(self) -> None:
        """Shut the server down and see it off."""
        self.status = 0
        if self.leash is None:
            stop_process(self.pid)
        else:
            os.close(self.leash)
            self.leash = None
            _, self.status = os.waitpid(self.pid, 0)
        self.see_off()

    def see_off(self) -> None:
        """Wait until the last process has gone: children outlive a killed postmaster by milliseconds."""
        since = time.monotonic()
        while not select.select([self.life], [], [], 0.5)[0] and (number := due_signal(since)):
            # A killed minder leaves the postmaster running. (Of a killed postmaster we must not signal the number
            # that its file still names: it may be somebody else's by now.)
            minder_killed = self.minded and os.WIFSIGNALED(self.status or 0)
            if minder_killed and (orphan := postmaster_pid()) not in (None, os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(orphan, number)
            elif time.monotonic() - since > STRAGGLING:
                kill_holders(self.life)
        while self.voice in self.watched and select.select([self.voice], [], [], 0)[0]:
            self.listen([self.voice])
        for descriptor in (self.voice, self.life, self.leash):
            if descriptor is not None:
                os.close(descriptor)

    def exit_code(self) -> int:
        return os.waitstatus_to_exitcode(self.status or 0)

    def was_killed(self) -> bool:
        """Whether a signal ended it or a process of it, as against itself; a minder tells so by a number above 128."""
        return self.exit_code() < 0 or self.exit_code() > 128 or CHILD_DIED_WORDS in self.last_words()

    def last_words(self) -> str:
        code = self.exit_code()
        lines = self.words.decode(errors="replace").strip().splitlines()
        words = "\n".join(line for line in lines if "skipping missing configuration file" not in line)
        if not words or "Future log output will appear" in words:
            words = f"{words}\n{end_of_newest_log()}".strip()
        room = os.statvfs(".")
        if room.f_bavail * room.f_frsize < SCANT_ROOM:
            # Without room even the log may lack the reason.
            words += f"\n{SCANT_ROOM_WORDS} {room.f_bavail * room.f_frsize >> 10} kB left."
        return f"{words}\n(ended with {f'signal {-code}' if code < 0 else f'status {code}'})"


def fork_postgres(orders: Orders, voice: int, life: int, *, tied: bool) -> int:
    """Start PostgreSQL as our child; `tied`: the kernel shuts it down (fast, cleanly) the moment we die."""
    libc = ctypes.CDLL(None, use_errno=True) if tied else None
    # PostgreSQL takes a lock file that names its own parent or grandparent for a stale one: claim_lock_files.
    environment = {**orders.environment, "PG_GRANDPARENT_PID": str(os.getpid() if tied else os.getppid())}
    parent = os.getpid()
    # Our handler would swallow the one SIGINT that stop_process sends, if it came before the child has put it away.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        return pid
    try:
        for number in (signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        if libc is not None:
            # Here and not earlier: a change of user clears it. If we were orphaned before, no signal will come.
            libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGINT))
            if os.getppid() != parent:
                os._exit(1)
        os.dup2(voice, 1)
        os.dup2(voice, 2)
        os.set_inheritable(life, True)
        os.execve(orders.argv[0], orders.argv, environment)  # noqa: S606  no shell is the point
    except OSError as error:
        os.write(2, f"could not run {orders.argv[0]}: {error}".encode())
    finally:
        os._exit(127)


def fork_minder(orders: Orders, voice: int, life: int, end: int, ours: tuple[int, ...]) -> int:
    """Where the kernel cannot tie PostgreSQL to us: a process between us that stops it when our pipe ends."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for descriptor in (*ours, orders.users, orders.guard):
            os.close(descriptor)
        os.dup2(0, 1)
        os.dup2(0, 2)
        postgres = fork_postgres(orders, voice, life, tied=False)
        os.close(voice)
        os.close(life)
        code = mind(postgres, end)
    finally:
        os._exit(code)


def mind(postgres: int, end: int) -> int:
    while True:
        pid, status = os.waitpid(postgres, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if select.select([end], [], [], TICK)[0]:
            stop_process(postgres)
            return 0


def stop_process(pid: int) -> None:
    """Ask for a fast shutdown; less politely only when it hangs, and even then crash recovery loses nothing."""
    since, sent = time.monotonic(), None
    while not os.waitpid(pid, os.WNOHANG)[0]:
        number = due_signal(since)
        if number not in (sent, None):
            os.kill(pid, number or signal.SIGINT)
            sent = number
        time.sleep(STARTING_TICK)


def due_signal(since: float) -> signal.Signals | None:
    """How hard to push a server that was told to stop then; None when all patience is spent."""
    waited = time.monotonic() - since
    for number, patience in PATIENCE:
        if waited < patience:
            return number
        waited -= patience
    return None


def kill_holders(pipe: int) -> None:
    """End the other processes that have the pipe open: crash recovery is due anyway. Only where there is /proc."""
    with contextlib.suppress(OSError):
        name = os.readlink(f"/proc/self/fd/{pipe}")
        for pid in (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()):
            # Others' processes cannot be looked into, and any may end meanwhile.
            with contextlib.suppress(OSError):
                if pid != os.getpid() and name in map(
                    os.readlink, (file.path for file in os.scandir(f"/proc/{pid}/fd"))
                ):
                    os.kill(pid, signal.SIGKILL)


def claim_lock_files() -> None:
    """Make lock files that a dead server left behind name us: then PostgreSQL takes them for stale.

    By itself it believes any number that is alive, and numbers are used again, above all in containers. We hold the
    lock that proves the old server dead. The rest of postmaster.pid stays, because by its last lines PostgreSQL still
    finds out whether a server that somebody started by hand is using the same files.
    """
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        with contextlib.suppress(FileNotFoundError), open(name, "r+", encoding="utf-8", errors="replace") as file:
            first, _, rest = file.read().partition("\n")
            if not first.strip().lstrip("-").isdigit():
                os.unlink(name)  # cut short by a full disk; PostgreSQL would not start over it
                continue
            file.seek(0)
            file.write(f"{os.getpid()}\n{rest}")
            file.truncate()


def postmaster_lines() -> list[str]:
    try:
        with open("postmaster.pid", encoding="utf-8", errors="replace") as file:
            return file.read().split("\n")
    except FileNotFoundError:
        return []


def postmaster_pid() -> int | None:
    lines = postmaster_lines()
    return int(lines[0]) if lines and lines[0].isdigit() else None


def is_ready() -> bool:
    """Whether our own server (not a stale file, which names us) says that it lets people in."""
    lines = postmaster_lines()
    return len(lines) > 7 and lines[0] != str(os.getpid()) and lines[7].strip() == "ready"


def end_of_newest_log() -> str:
    with contextlib.suppress(OSError):
        logs = [entry for entry in os.scandir("log") if entry.name.startswith("postgresql")]
        newest = max(logs, key=lambda entry: entry.stat().st_mtime, default=None)
        if newest is not None:
            with open(newest.path, encoding="utf-8", errors="replace") as file:
                file.seek(max(0, newest.stat().st_size - KEPT_WORDS))
                return "\n".join(file.read().splitlines()[-12:])
    return ""


if __name__ == "__main__":
    sys.exit(main())
