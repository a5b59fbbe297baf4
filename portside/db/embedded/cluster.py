"""The cluster: how it is made, once and whole, and with which settings its server runs."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from portside.db.embedded import binaries, errors, probe
from portside.db.embedded.site import RunAs, Site, blocked_at, choose_user, inside

ROLE = DATABASE = "portside"
ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}

# `postgresql.conf`, written anew at every start. Where a value needs a reason it has one.
_SETTINGS = """\
# Written by Portside at every start; changes here are lost. Put yours into local.conf beside this file.
cluster_name = 'portside'
max_connections = 200
shared_buffers = 256MB
# Recovery after a crash replays at most about this much; 8 GB took 18 seconds.
max_wal_size = 2GB
checkpoint_timeout = 10min
wal_level = replica
synchronous_commit = on
# Compiling costs more than it saves in short statements.
jit = off
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, ymd'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.simple'
# One file per weekday, emptied a week later.
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_line_prefix = '%m [%p] %q%u '
log_checkpoints = off
include_if_exists 'local.conf'
"""

_HBA = f"""\
# Written by Portside at every start. The kernel says who is at the other end of the socket; pg_ident.conf says who may.
local all {ROLE},postgres peer map=portside
"""

# What must not be overridden by any file stands on the command line. A server that recovers by itself from the death
# of one of its processes cannot be shut down meanwhile (PostgreSQL 18.6: its checkpointer disregards the order, and it
# waits for it without end), so it ends instead, and the watchdog starts another.
_FIXED = [
    f"--{setting}" for setting in ("listen_addresses=", "fsync=on", "full_page_writes=on", "restart_after_crash=off")
]

# The application's role owns its database and may make more (the tests do), but is no superuser: an injected
# statement must not be able to run programs.
_FIRST_STATEMENTS = f"""\
CREATE ROLE {ROLE} LOGIN CREATEDB;
GRANT pg_monitor, pg_signal_backend TO {ROLE};
CREATE DATABASE {DATABASE} OWNER {ROLE} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that the watchdog needs to run the server."""

    user: RunAs
    argv: list[str]
    files: dict[str, str]


def prepare(site: Site, named: Path | None, pg_user: str, server_lock: int) -> Prepared:
    """Have binaries and a cluster, making what is missing. Only under both locks. Raises EmbeddedError."""
    _sweep(site)
    _check_no_stranger(site)
    user = choose_user(site, pg_user)
    major = major_of_cluster(site)
    folder, found = binaries.choose(site, user, named, major)
    _check_passable(site, user, found)
    if major is None:
        _initialise(site, user, folder, server_lock)
    place = inside(site.cluster)
    argv = [str(folder / "postgres"), "-D", place, "-k", place, "-p", str(probe.PORT), *_FIXED]
    files = {"postgresql.conf": _SETTINGS, "pg_hba.conf": _HBA, "pg_ident.conf": _ident(user)}
    return Prepared(user, argv, files)


def major_of_cluster(site: Site) -> int | None:
    """The major version that made the cluster; None if there is none yet. Raises EmbeddedError."""
    try:
        if not site.cluster.exists() or not any(site.cluster.iterdir()):
            return None
        return int((site.cluster / "PG_VERSION").read_text(encoding="ascii").strip())
    except FileNotFoundError as error:
        raise errors.DataDirUnusable(
            f"{site.cluster} holds something that is not a PostgreSQL cluster (no PG_VERSION). Portside will not touch "
            "it: move it away, or choose another data directory (PORTSIDE_DATA_DIR)."
        ) from error
    except ValueError as error:
        raise errors.DataDirUnusable(
            f"{site.cluster / 'PG_VERSION'} is damaged. Restore the data directory from a backup."
        ) from error
    except OSError as error:
        raise errors.from_os_error(error, "read", site.cluster) from error


def server_binaries(site: Site) -> Path:
    """The folder of the binaries that the running server was started from, by its own record."""
    words = (site.cluster / "postmaster.opts").read_text(encoding="utf-8", errors="surrogateescape")
    return Path(words.partition(' "')[0]).parent


def recorded_pid(site: Site) -> int | None:
    """The number that postmaster.pid names; whose it is, is another question."""
    lines = _record(site)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def says_ready(site: Site) -> bool:
    """Whether postmaster.pid says that the server lets people in; a dead server may have left it so."""
    lines = _record(site)
    return len(lines) > 7 and lines[7].strip() == "ready"


def _record(site: Site) -> list[str]:
    try:
        return (site.cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []


def _check_no_stranger(site: Site) -> None:
    """Our own server cannot be running, for its lock is ours; but somebody may have started one by hand."""
    pid = recorded_pid(site)
    # Every server process stays in its cluster's folder; a number used again is somewhere else.
    if (pid and _is_in(pid, site.cluster)) or probe.ask(site.cluster).state != "silent":
        raise errors.stranger(site.cluster, f"process {pid}")


def end_stragglers(site: Site) -> None:
    """End what a killed postmaster left: its children end by themselves, except one that waits for a dead one's lock.

    Nothing is lost, because crash recovery is due anyway. Only while nobody holds the guard's lock, and on Linux.
    """
    postmaster = recorded_pid(site)
    if sys.platform != "linux" or (postmaster and _is_in(postmaster, site.cluster)):
        return
    for pid in (int(entry.name) for entry in Path("/proc").glob("[0-9]*")):
        # One may end meanwhile, and its number be used again: the descriptor stays with the process that we looked at.
        with contextlib.suppress(OSError):
            process = os.pidfd_open(pid)
            try:
                if _is_in(pid, site.cluster) and _has_open(pid, site.server):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
            finally:
                os.close(process)


def _has_open(pid: int, file: Path) -> bool:
    return any(descriptor.samefile(file) for descriptor in Path(f"/proc/{pid}/fd").iterdir() if descriptor.exists())


def _is_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    except OSError:
        return False


def _sweep(site: Site) -> None:
    """Remove what a start that was killed while making the cluster left behind; it never held data."""
    shutil.rmtree(_draft(site), ignore_errors=True)


def _draft(site: Site) -> Path:
    return site.cluster.with_name("postgres.new")


def _check_passable(site: Site, user: RunAs, major: int) -> None:
    """PostgreSQL 15 wants to come back to its working directory by name; later ones never leave it."""
    if not user.switch or major > 15:
        return
    if closed := blocked_at(site.data_dir, user):
        raise errors.DataDirUnusable(
            f"PostgreSQL 15 runs as {user.name}, who cannot reach {site.data_dir}: the folder {closed} is closed to "
            "that user. Choose another data directory (PORTSIDE_DATA_DIR), or use PostgreSQL 16 or newer."
        )


def _initialise(site: Site, user: RunAs, folder: Path, server_lock: int) -> None:
    draft = _draft(site)
    try:
        draft.mkdir(mode=0o700)
        if user.switch:
            os.chown(draft, user.uid, user.gid, follow_symlinks=False)
        place = inside(draft)
        step = _Step(draft, user, server_lock)
        step.run(folder / "initdb", "-D", place, "-U", "postgres", "-E", "UTF8", "--locale=C", "-A", "peer", "-k")
        # A stand-alone server, so that the cluster has its database before it has its name.
        single = ("--single", "-D", place, "-c", "exit_on_error=on", "postgres")
        step.run(folder / "postgres", *single, statements=_FIRST_STATEMENTS)
        if site.cluster.exists():
            site.cluster.rmdir()  # it was found empty
        draft.rename(site.cluster)
        _sync(site.data_dir)
    except OSError as error:
        raise errors.from_os_error(error, "make the database in", site.cluster) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Step:
    draft: Path
    user: RunAs
    server_lock: int

    def run(self, program: Path, *args: str, statements: str = "") -> None:
        """Run one command as the server's user. It holds the server's lock: should we be killed, nobody meddles."""
        done = subprocess.run(  # noqa: S603  no word of it comes from outside
            [program, *args],
            cwd=self.draft,
            env=ENVIRONMENT,
            input=statements,
            capture_output=True,
            text=True,
            errors="replace",
            pass_fds=(self.server_lock,),
            start_new_session=True,
            **self.user.popen(),
        )
        if done.returncode:
            raise errors.from_last_words((done.stderr or done.stdout)[-2000:].strip(), self.draft.with_name("postgres"))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ident(user: RunAs) -> str:
    """Who may come in as whom: root (who could anyway) and the server's own user."""
    people = {user.name}
    try:
        people.add(pwd.getpwuid(0).pw_name)
    except KeyError:
        pass  # a system without root's name has no root to let in
    lines = [f'portside "{person}" {role}' for person in sorted(people) for role in (ROLE, "postgres")]
    return "# Written by Portside at every start.\n" + "\n".join(lines) + "\n"
