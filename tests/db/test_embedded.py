"""The private PostgreSQL in ordinary life: first start, warm start, sharing, tools, Ctrl-C."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from portside.db import embedded
from tests.db.embedded_kit import (
    ROOT,
    Holder,
    kill,
    postmaster,
    reachable_folder,
    server_processes,
    sql,
    watchdogs,
)


def test_first_start_makes_a_durable_database_that_only_we_can_reach() -> None:
    with reachable_folder() as folder, embedded.attach(folder / "var" / "data") as attachment:
        facts = sql(
            attachment,
            "SELECT current_user, current_database(), rolsuper, pg_encoding_to_char(encoding), datcollate, "
            "current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'), "
            "current_setting('data_checksums'), current_setting('listen_addresses'), current_setting('jit') "
            "FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user",
        )
        assert facts == "portside|portside|f|UTF8|C|on|on|on|on||off"
        cluster = (folder / "var" / "data" / "postgres").stat()
        assert stat.S_IMODE(cluster.st_mode) == 0o700
        expected = pwd.getpwnam("nobody").pw_uid if ROOT else os.geteuid()
        assert cluster.st_uid == expected
        assert _owners(_without_watchdog(folder)) == {expected}


def _owners(pids: Iterable[int]) -> set[int]:
    """Whose processes these are; one that has ended meanwhile, as PostgreSQL's helpers do, is nobody's."""
    owners = set()
    for pid in pids:
        with suppress(FileNotFoundError):
            owners.add(Path(f"/proc/{pid}").stat().st_uid)
    return owners


def _without_watchdog(folder: Path) -> set[int]:
    # The watchdog changed its user without exec; the kernel shows the files of such a process as root's.
    return set(server_processes(folder)) - set(watchdogs(folder))


def test_root_changes_no_parent_and_owns_the_binaries() -> None:
    with reachable_folder() as folder:
        (folder / "parent").mkdir(mode=0o755)
        with embedded.attach(folder / "parent" / "data") as attachment:
            assert stat.S_IMODE((folder / "parent").stat().st_mode) == 0o755
            assert stat.S_IMODE(folder.stat().st_mode) == 0o711
            program = (attachment.bin_dir / "postgres").stat()
            assert program.st_uid == os.geteuid()
            assert not program.st_mode & 0o022
            if ROOT:
                uid = pwd.getpwnam("nobody").pw_uid
                assert f"Uid:\t{uid}\t{uid}\t{uid}" in Path(f"/proc/{watchdogs(folder)[0]}/status").read_text()


def test_rows_survive_a_warm_start_and_the_last_one_out_stops_the_server(data_dir: Path, pg_bin: Path) -> None:
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        sql(attachment, "INSERT INTO parcel VALUES (1)")
    assert not server_processes(data_dir)
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        assert sql(attachment, "SELECT id FROM parcel") == "1"


def test_the_server_outlives_whoever_started_it_while_others_use_it(data_dir: Path, pg_bin: Path) -> None:
    first = Holder(data_dir, pg_bin)
    first.expect("up")
    with embedded.attach(data_dir, pg_bin=pg_bin) as second:
        server = postmaster(data_dir)
        first.release()
        assert sql(second, "SELECT 1") == "1"
        assert postmaster(data_dir) == server
    assert not server_processes(data_dir)


def test_releasing_twice_and_using_a_released_attachment(data_dir: Path, pg_bin: Path) -> None:
    attachment = embedded.attach(data_dir, pg_bin=pg_bin)
    assert attachment.release()
    assert attachment.release()
    with pytest.raises(embedded.EmbeddedError, match="released"):
        attachment.revive()


async def test_both_addresses_work_for_the_driver_and_for_libpq(data_dir: Path, pg_bin: Path) -> None:
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        for arguments in ({"dsn": attachment.dsn}, attachment.connect_kwargs):
            connection = await asyncpg.connect(**arguments)
            assert await connection.fetchval("SELECT current_user || '@' || current_database()") == "portside@portside"
            await connection.close()
        answer = subprocess.check_output([attachment.bin_dir / "psql", "-XAtc", "SELECT 7", attachment.dsn])
        assert answer == b"7\n"


def test_versions_for_the_doctor(data_dir: Path, pg_bin: Path) -> None:
    assert not embedded.running(data_dir)
    assert embedded.server_version(data_dir) is None
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        assert embedded.running(data_dir)
        assert embedded.server_version(data_dir) == embedded.binaries_version(pg_bin) == attachment.server_version
        assert attachment.bin_dir == pg_bin
    assert not embedded.running(data_dir)
    assert not embedded.running(data_dir / "never-made")
    assert not (data_dir / "never-made").exists()


def test_a_dump_comes_back_by_the_servers_own_tools(data_dir: Path, pg_bin: Path, tmp_path: Path) -> None:
    # tmp_path is closed to the server's user: the tools write and read files that we opened.
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        sql(attachment, "INSERT INTO parcel SELECT generate_series(1, 100)")
        with (tmp_path / "dump").open("wb") as target:
            assert embedded.run_tool(attachment, "pg_dump", ["-Fc"], stdout=target) == b""
        assert b"CREATE ROLE portside" in embedded.run_tool(attachment, "pg_dumpall", ["-U", "postgres", "-r"])
        sql(attachment, "DROP TABLE parcel")
        with (tmp_path / "dump").open("rb") as source:
            embedded.run_tool(attachment, "pg_restore", ["-d", "portside"], stdin=source)
        assert sql(attachment, "SELECT count(*) FROM parcel") == "100"
        with pytest.raises(embedded.ToolFailed, match="no matching tables"):
            embedded.run_tool(attachment, "pg_dump", ["-t", "no_such_table"])


def test_the_applications_role_cannot_run_programs(data_dir: Path, pg_bin: Path) -> None:
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment, pytest.raises(embedded.ToolFailed, match="denied"):
        sql(attachment, "COPY parcel FROM PROGRAM 'echo 1'")


def test_ctrl_c_does_not_reach_the_server(data_dir: Path, pg_bin: Path) -> None:
    holder = Holder(data_dir, pg_bin)
    holder.expect("up")
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        server = postmaster(data_dir)
        assert os.getsid(server) not in (os.getsid(0), os.getsid(holder.process.pid))
        os.killpg(holder.process.pid, signal.SIGINT)
        holder.end()
        # Even one sent to the watchdog itself changes nothing while somebody uses the server.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(watchdogs(data_dir)[0], number)
        assert sql(attachment, "SELECT 1") == "1"
        assert postmaster(data_dir) == server


def test_children_do_not_inherit_the_share(data_dir: Path, pg_bin: Path) -> None:
    attachment = embedded.attach(data_dir, pg_bin=pg_bin)
    child = subprocess.Popen(["sleep", "600"], close_fds=False)
    try:
        assert attachment.release()
        assert not server_processes(data_dir)
    finally:
        kill(child.pid)
        child.wait()


def test_settings_of_the_machines_owner_are_kept(data_dir: Path, pg_bin: Path) -> None:
    (data_dir / "postgres" / "local.conf").write_text("work_mem = '7MB'\nfsync = off\n")
    (data_dir / "postgres" / "local.conf").chmod(0o644)
    with embedded.attach(data_dir, pg_bin=pg_bin) as attachment:
        assert sql(attachment, "SELECT current_setting('work_mem'), current_setting('fsync')") == "7MB|on"


def test_a_new_minor_version_replaces_the_copied_binaries(data_dir: Path) -> None:
    with embedded.attach(data_dir) as attachment:
        copy = attachment.bin_dir.parents[2]
    carried = embedded.carrier()
    assert carried is not None and copy.name == carried.version
    copy.rename(copy.with_name("18.0.1"))
    (copy.parent / ".new-killed").mkdir()
    with embedded.attach(data_dir) as attachment:
        assert attachment.bin_dir.parents[2] == copy
        assert [folder.name for folder in copy.parent.iterdir()] == [carried.version]


def test_a_temporary_server_is_gone_afterwards() -> None:
    with reachable_folder() as parent:
        with embedded.temporary_server(parent=parent) as attachment:
            assert sql(attachment, "SELECT current_setting('fsync')") == "on"
            # Another run's beginning must not take ours for dead.
            with embedded.temporary_server(parent=parent, pg_bin=attachment.bin_dir) as other:
                assert sql(other, "SELECT 1") == sql(attachment, "SELECT 1")
        assert list(parent.iterdir()) == []
        assert not server_processes(parent)


@pytest.mark.parametrize("folder", sorted(Path("/usr/lib/postgresql").glob("*/bin")), ids=lambda path: path.parent.name)
def test_the_distributions_own_binaries(folder: Path) -> None:
    with reachable_folder() as parent, embedded.attach(parent / "data", pg_bin=folder) as attachment:
        assert sql(attachment, "SHOW server_version").startswith(attachment.server_version)
        assert not list((parent / "data").glob("pg-*"))


def test_nothing_listens_on_the_network(data_dir: Path, pg_bin: Path) -> None:
    with embedded.attach(data_dir, pg_bin=pg_bin):
        listening = subprocess.run(
            ["ls", "-l", f"/proc/{postmaster(data_dir)}/fd"], capture_output=True, text=True, check=True
        ).stdout
        mine = {part.split("]")[0] for part in listening.split("socket:[")[1:]}
        for family in ("tcp", "tcp6"):
            table = Path(f"/proc/net/{family}")
            rows = table.read_text().splitlines()[1:] if table.exists() else []
            assert not mine & {row.split()[9] for row in rows}
