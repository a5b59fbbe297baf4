"""The private PostgreSQL under kill -9 of each of its processes in turn: nothing lost, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portside.db import embedded
from portside.db.embedded import Attachment, cluster, locks, supervisor
from portside.db.embedded.site import make, site_at
from portside.db.embedded.supervisor import Plan, Tie, attach_to
from tests.db.embedded_kit import (
    Holder,
    kill,
    kill_all,
    postmaster,
    reachable_folder,
    server_processes,
    sql,
    wait_gone,
    wait_until,
    watchdogs,
)

TIES: list[Tie] = ["kernel", "pipe"]


def attach(data_dir: Path, pg_bin: Path, tie: Tie = "kernel") -> Attachment:
    return attach_to(Plan(site_at(data_dir), pg_bin, "nobody", lambda text: None, tie))


def answers(attachment: Attachment) -> bool:
    with contextlib.suppress(embedded.ToolFailed):
        return sql(attachment, "SELECT 1") == "1"
    return False


@pytest.mark.parametrize("tie", TIES)
def test_the_only_holder(data_dir: Path, pg_bin: Path, tie: Tie) -> None:
    holder = Holder(data_dir, pg_bin, tie)
    holder.expect("up")
    with attach(data_dir, pg_bin, tie) as attachment:
        sql(attachment, "INSERT INTO parcel VALUES (1)")
    assert len(watchdogs(data_dir)) == (2 if tie == "pipe" else 1)
    holder.end(kill=True)
    wait_gone(data_dir)
    assert not (data_dir / "postgres" / "postmaster.pid").exists(), "it was shut down cleanly"
    with attach(data_dir, pg_bin, tie) as attachment:
        assert sql(attachment, "SELECT id FROM parcel") == "1"


@pytest.mark.parametrize("tie", TIES)
def test_the_watchdog(data_dir: Path, pg_bin: Path, tie: Tie) -> None:
    with attach(data_dir, pg_bin, tie) as attachment:
        sql(attachment, "INSERT INTO parcel VALUES (1)")
        kill(watchdogs(data_dir)[0])
        wait_gone(data_dir)
        assert not (data_dir / "postgres" / "postmaster.pid").exists(), "it was shut down cleanly"
        attachment.revive()
        assert sql(attachment, "SELECT id FROM parcel") == "1"
    assert not server_processes(data_dir)


@pytest.mark.parametrize("tie", TIES)
def test_the_watchdog_while_others_come(data_dir: Path, pg_bin: Path, tie: Tie) -> None:
    with attach(data_dir, pg_bin, tie) as first:
        kill(watchdogs(data_dir)[0])
        # No wait: the old server is still going down.
        with attach(data_dir, pg_bin, tie) as second:
            assert answers(second)
            assert answers(first)
    assert not server_processes(data_dir)


@pytest.mark.parametrize("tie", TIES)
def test_the_postmaster_is_started_again(data_dir: Path, pg_bin: Path, tie: Tie) -> None:
    with attach(data_dir, pg_bin, tie) as attachment:
        sql(attachment, "INSERT INTO parcel VALUES (1)")
        watchdog, server = watchdogs(data_dir)[0], postmaster(data_dir)
        kill(server)
        attachment.revive()
        wait_until(lambda: answers(attachment), "the watchdog did not start the server again")
        assert sql(attachment, "SELECT id FROM parcel") == "1"
        assert watchdogs(data_dir)[0] == watchdog
        assert postmaster(data_dir) != server
    assert not server_processes(data_dir)


def hold_recovery(data_dir: Path) -> Path:
    """Make every recovery of the server take for ever, until the file that this gives is removed."""
    cluster_dir = data_dir / "postgres"
    (cluster_dir / "local.conf").write_text("restore_command = 'sleep 600'\n")
    signal_file = cluster_dir / "recovery.signal"
    signal_file.touch()
    shutil.chown(signal_file, cluster_dir.stat().st_uid, cluster_dir.stat().st_gid)
    return signal_file


def is_held(data_dir: Path) -> bool:
    return any(line.startswith("sleep 600") for line in server_processes(data_dir).values())


def of_kind(data_dir: Path, kind: str) -> list[int]:
    """The server's processes whose title says so."""
    return [pid for pid, line in server_processes(data_dir).items() if f"postgres: portside: {kind}" in line]


@pytest.mark.parametrize("tie", TIES)
def test_a_process_of_the_server_and_the_only_user_leaves_during_recovery(
    data_dir: Path, pg_bin: Path, tie: Tie
) -> None:
    """PostgreSQL 18 cannot be shut down while it recovers by itself: its checkpointer ignores the order to go."""
    hold_recovery(data_dir).unlink()
    attachment = attach(data_dir, pg_bin, tie)
    sql(attachment, "INSERT INTO parcel VALUES (1)")
    held = hold_recovery(data_dir)
    kill(*of_kind(data_dir, "walwriter"))
    wait_until(lambda: is_held(data_dir), "it does not recover")
    assert attachment.release(), "it did not stop"
    assert not server_processes(data_dir)
    held.unlink()
    with attach(data_dir, pg_bin, tie) as attachment:
        assert sql(attachment, "SELECT id FROM parcel") == "1"


@pytest.mark.parametrize("tie", TIES)
def test_a_process_of_a_server_that_is_not_up_yet(data_dir: Path, pg_bin: Path, tie: Tie) -> None:
    held = hold_recovery(data_dir)
    holder = Holder(data_dir, pg_bin, tie)
    wait_until(lambda: is_held(data_dir), "it does not recover")
    held.unlink()
    kill(*of_kind(data_dir, "checkpointer"))
    holder.expect("up")
    holder.release()
    assert not server_processes(data_dir)


@pytest.mark.parametrize("tie", TIES)
@pytest.mark.parametrize("with_watchdog", [False, True])
def test_a_child_that_does_not_notice_its_postmasters_death(
    data_dir: Path, pg_bin: Path, tie: Tie, with_watchdog: bool
) -> None:
    """As one that waits for a lock of a child that was killed with the postmaster; here it is just stopped."""
    with attach(data_dir, pg_bin, tie) as attachment:
        sql(attachment, "INSERT INTO parcel VALUES (1)")
        [straggler] = of_kind(data_dir, "walwriter")
        os.kill(straggler, signal.SIGSTOP)
        kill(postmaster(data_dir), *(watchdogs(data_dir) if with_watchdog else []))
        attachment.revive()
        wait_until(lambda: answers(attachment), "the server did not come back")
        assert straggler not in server_processes(data_dir)
        assert sql(attachment, "SELECT id FROM parcel") == "1"
    assert not server_processes(data_dir)


def test_the_minder(data_dir: Path, pg_bin: Path) -> None:
    with attach(data_dir, pg_bin, "pipe") as attachment:
        sql(attachment, "INSERT INTO parcel VALUES (1)")
        server = postmaster(data_dir)
        kill(watchdogs(data_dir)[1])
        wait_until(lambda: server not in server_processes(data_dir), "the server outlived its minder")
        wait_until(lambda: answers(attachment), "the watchdog did not start the server again")
        assert sql(attachment, "SELECT id FROM parcel") == "1"
    assert not server_processes(data_dir)


def test_watchdog_and_minder_at_once(data_dir: Path, pg_bin: Path) -> None:
    """Only where there is no parent-death signal can a server be orphaned; the next start ends it first."""
    with attach(data_dir, pg_bin, "pipe") as attachment:
        sql(attachment, "INSERT INTO parcel VALUES (1)")
        server = postmaster(data_dir)
        kill(*watchdogs(data_dir))
        attachment.revive()
        assert server not in server_processes(data_dir)
        assert sql(attachment, "SELECT id FROM parcel") == "1"
    assert not server_processes(data_dir)


@pytest.mark.parametrize("tie", TIES)
def test_everything_at_once(data_dir: Path, pg_bin: Path, tie: Tie) -> None:
    holder = Holder(data_dir, pg_bin, tie)
    holder.expect("up")
    attachment = attach(data_dir, pg_bin, tie)
    sql(attachment, "INSERT INTO parcel VALUES (1)")
    kill(holder.process.pid, *server_processes(data_dir))
    holder.end()
    kill_all(data_dir)
    attachment.release()
    assert (data_dir / "postgres" / "postmaster.pid").exists(), "nothing had the time to clean up"
    with attach(data_dir, pg_bin, tie) as attachment:
        assert sql(attachment, "SELECT id FROM parcel") == "1"


def test_a_server_that_keeps_dying_is_given_up_and_comes_back_when_asked(data_dir: Path, pg_bin: Path) -> None:
    with attach(data_dir, pg_bin) as attachment:
        sql(attachment, "INSERT INTO parcel VALUES (1)")
        for _ in range(5):
            attachment.revive()
            wait_until(lambda: answers(attachment), "the server did not come back")
            kill(postmaster(data_dir))
        wait_gone(data_dir)
        assert "giving up" in (data_dir / "postgres" / "log" / "watchdog.log").read_text()
        attachment.revive()
        assert sql(attachment, "SELECT id FROM parcel") == "1"


@pytest.mark.parametrize("delay", [0.05, 0.1, 0.2, 0.35, 0.5])
def test_a_first_start_killed_half_way(pg_bin: Path, delay: float) -> None:
    with reachable_folder() as folder:
        holder = Holder(folder / "data", pg_bin)
        time.sleep(delay)
        holder.end(kill=True)
        with attach(folder / "data", pg_bin) as attachment:
            assert answers(attachment)
        assert sorted(path.name for path in (folder / "data").iterdir()) == ["locks", "postgres"]
        assert not server_processes(folder)


_SLOW_TO_FORK = """
import os, runpy, time
fork = os.fork
def slow_fork():
    pid = fork()
    if not pid:
        time.sleep(0.2)
    return pid
os.fork = slow_fork
runpy.run_path(WATCHDOG, run_name="__main__")
"""


@pytest.mark.parametrize("tie", TIES)
def test_the_only_user_while_the_server_is_being_forked(
    data_dir: Path, pg_bin: Path, tie: Tie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to stop before its process has begun to run PostgreSQL, the server still stops."""
    watchdog = Path(supervisor.__file__).with_name("watchdog.py")
    (tmp_path / "watchdog.py").write_text(_SLOW_TO_FORK.replace("WATCHDOG", repr(str(watchdog))))
    monkeypatch.setattr(supervisor, "__file__", str(tmp_path / "supervisor.py"))
    site = site_at(data_dir)
    make(site)
    with contextlib.ExitStack() as held:
        share, server_lock, guard = (locks.take(path) for path in (site.users, site.server, site.guard))
        assert share and server_lock and guard
        for descriptor in (share, server_lock, guard):
            held.callback(os.close, descriptor)
        prepared = cluster.prepare(site, pg_bin, "nobody", server_lock)
        plan = Plan(site, pg_bin, "nobody", lambda text: None, tie)
        held.enter_context(supervisor._spawn_watchdog(plan, prepared, guard, server_lock))
    wait_gone(data_dir)


def test_many_come_at_once(data_dir: Path, pg_bin: Path) -> None:
    holders = [Holder(data_dir, pg_bin) for _ in range(6)]
    for holder in holders:
        holder.expect("up")
    assert len(watchdogs(data_dir)) == 1
    for holder in holders:
        holder.release()
    wait_gone(data_dir)


def test_a_first_start_by_many_at_once(pg_bin: Path) -> None:
    with reachable_folder() as folder:
        holders = [Holder(folder / "data", pg_bin) for _ in range(4)]
        for holder in holders:
            holder.expect("up")
        assert len(watchdogs(folder)) == 1
        for holder in holders:
            holder.release()


_WRITER = """
import random, sys, time
from pathlib import Path
from portside.db.embedded import EmbeddedError, ToolFailed, attach, run_tool
data_dir, pg_bin, first, acknowledged = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), open(sys.argv[4], "a")
random.seed(first)
for number in range(first, first + 1000):
    with attach(data_dir, pg_bin=pg_bin) as attachment:
        for _ in range(random.choice([1, 1, 3])):
            try:
                run_tool(attachment, "psql", ["-Xqc", f"INSERT INTO parcel VALUES ({number}) ON CONFLICT DO NOTHING"])
            except ToolFailed:
                attachment.revive()
                continue
            print(number, file=acknowledged, flush=True)
"""


def test_coming_going_and_being_killed_in_any_order(data_dir: Path, pg_bin: Path) -> None:
    """Three writers attach, insert and leave without end, while watchdogs, servers and writers are killed.

    A connection that was just being made when everything was killed can wait for a dead one's lock without end, and
    nobody is left who could end it but the next start. So who is left behind is asked after that.
    """
    dice = random.Random(20261121)
    writers: dict[int, subprocess.Popen[bytes]] = {}
    acknowledged = data_dir / "acknowledged"

    def start(first: int) -> None:
        words = [sys.executable, "-c", _WRITER, str(data_dir), str(pg_bin), str(first), str(acknowledged)]
        writers[first] = subprocess.Popen(words, stderr=subprocess.DEVNULL)

    for first in (0, 1000, 2000):
        start(first)
    for round_number in range(25):
        time.sleep(dice.uniform(0.02, 0.25))
        victims = [*watchdogs(data_dir), *[p for p, line in server_processes(data_dir).items() if "-D" in line]]
        match dice.randrange(4):
            case 0 | 1 if victims:
                kill(dice.choice(victims))
            case 2:
                kill(*server_processes(data_dir))
            case _:
                first = dice.choice(sorted(writers))
                writers[first].kill()
                writers.pop(first).wait()
                start(3000 + 1000 * round_number)
    for writer in writers.values():
        writer.kill()
        writer.wait()
    expected = set(acknowledged.read_text().split())
    assert expected
    with attach(data_dir, pg_bin) as attachment:
        assert not expected - set(sql(attachment, "SELECT id FROM parcel").split())
    wait_gone(data_dir)
