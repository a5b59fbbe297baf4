"""`backup` and `restore`: one file with the database, the key ring and the stored files (unless a bucket has them)."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.parse
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO

import click

from portside.cli.root import data_dir_option, main, settings_for
from portside.db.embedded import run_tool
from portside.db.target import Target, database
from portside.errors import BadRequest, Conflict
from portside.kit.clock import now, to_wire
from portside.kit.crypto import KeyRing
from portside.settings import FILES_FOLDER, KEY_FILE, Settings

ABOUT, DUMP, KEYS = "portside.json", "database.dump", KEY_FILE

# One transaction: a restore that fails leaves everything as it was. What still uses the old tables is cut off at the
# end, so that it connects anew.
_BEFORE = "DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;\n"
_AFTER = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'portside-%';\n"
)


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_dir_option
def backup(file: Path, data_dir: Path | None) -> None:
    """Write database, key ring and stored files into FILE (a tar), while Portside runs or not.

    Whoever has the file has everything: it is made with mode 0600.
    """
    settings = settings_for(data_dir)
    if file.exists():
        raise Conflict(f"{file} exists already.")
    partial = file.with_name(file.name + ".partial")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as raw, database(settings) as target, tarfile.open(fileobj=raw, mode="w") as tar:
            _pack(tar, settings, target)
        partial.rename(file)
    except OSError as error:
        raise BadRequest(f"{file} cannot be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    click.echo(f"Backed up to {file} ({file.stat().st_size // 1024} kB).")
    if settings.files:
        click.echo(f"Labels and documents are in {settings.files} and not in this file: back that up as well.")


def _pack(tar: tarfile.TarFile, settings: Settings, target: Target) -> None:
    about = {"format": 1, "portside": version("portside"), "made_at": to_wire(now())}
    _add(tar, ABOUT, json.dumps(about).encode())
    keys = settings.secret_keys or _key_file(settings)
    _add(tar, KEYS, keys.encode())
    with tempfile.TemporaryFile() as dump:
        _run(target, "pg_dump", ["--format=custom", "--no-owner", "--no-privileges"], stdout=dump)
        size = dump.tell()
        dump.seek(0)
        member = tarfile.TarInfo(DUMP)
        member.size = size
        member.mode = 0o600
        tar.addfile(member, dump)
    # After the database: a label that it names was stored before it was named.
    files = settings.data_dir / FILES_FOLDER
    if files.is_dir():
        tar.add(files, arcname=FILES_FOLDER)


def _key_file(settings: Settings) -> str:
    path = settings.data_dir / KEY_FILE
    KeyRing.load_or_create(path)
    return path.read_text(encoding="utf-8")


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o600
    tar.addfile(member, io.BytesIO(content))


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Throw away what the data directory and database hold now.")
@data_dir_option
def restore(file: Path, replace: bool, data_dir: Path | None) -> None:
    """Bring back what `backup` wrote. Refuses to overwrite another installation unless told to --replace it."""
    settings = settings_for(data_dir)
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder)
        about = _unpack(file, unpacked)
        with database(settings) as target:
            _check_place(settings, target, unpacked, replace)
            _load(target, unpacked / DUMP)
            try:
                _put_back(settings, unpacked)
            except (OSError, shutil.Error) as error:
                raise Conflict(f"The database is restored, but keys and files are not: {error}") from error
    click.echo(f"Restored the backup of {about['made_at']}. Restart whatever was running beside this.")


def _unpack(file: Path, folder: Path) -> dict[str, str]:
    try:
        with tarfile.open(file) as tar:
            tar.extractall(folder, filter="data")
        about: dict[str, str] = json.loads((folder / ABOUT).read_bytes())
    except (tarfile.TarError, ValueError, FileNotFoundError) as error:
        raise BadRequest(f"{file} is not a backup of Portside: {str(error).splitlines()[0]}") from error
    except OSError as error:
        raise BadRequest(f"{file} cannot be unpacked into {folder.parent}: {error.strerror or error}.") from error
    return about


def _check_place(settings: Settings, target: Target, unpacked: Path, replace: bool) -> None:
    if replace:
        return
    keys = settings.data_dir / KEY_FILE
    if keys.exists() and keys.read_bytes() != (unpacked / KEYS).read_bytes():
        raise Conflict(f"{keys} belongs to another installation; use --replace to overwrite it.")
    with tempfile.TemporaryFile() as found:
        sql = "SELECT to_regclass('public.accounts') IS NOT NULL"
        _run(target, "psql", ["-X", "-q", "-A", "-t", "-c", sql], stdout=found)
        found.seek(0)
        if found.read().strip() == b"t":
            raise Conflict("The database is in use already; --replace throws away what it holds.")


def _load(target: Target, dump: Path) -> None:
    with tempfile.TemporaryFile() as sql:
        sql.write(_BEFORE.encode())
        sql.flush()
        with dump.open("rb") as source:
            _run(target, "pg_restore", ["--no-owner", "--no-privileges", "--file=-"], stdin=source, stdout=sql)
        sql.seek(0, io.SEEK_END)
        sql.write(_AFTER.encode())
        sql.flush()
        sql.seek(0)
        options = ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        with Path(os.devnull).open("wb") as nowhere:
            _run(target, "psql", options, stdin=sql, stdout=nowhere)


def _put_back(settings: Settings, unpacked: Path) -> None:
    if not settings.secret_keys:
        path = settings.data_dir / KEY_FILE
        partial = path.with_name(path.name + ".partial")
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write((unpacked / KEYS).read_bytes())
        partial.replace(path)
    if (unpacked / FILES_FOLDER).is_dir():
        shutil.copytree(unpacked / FILES_FOLDER, settings.data_dir / FILES_FOLDER, dirs_exist_ok=True)


def _run(target: Target, name: str, options: list[str], *, stdout: IO[bytes], stdin: IO[bytes] | None = None) -> None:
    if target.attachment is not None:
        run_tool(target.attachment, name, options, stdin=stdin or subprocess.DEVNULL, stdout=stdout)
        return
    program = shutil.which(name)
    if program is None:
        raise BadRequest(f"{name} is not on PATH; install PostgreSQL's client programs to back up {_where(target)}.")
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program, with our own options
        [program, *options],
        env={**os.environ, **_libpq(target.dsn)},
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise BadRequest(f"{name} failed: {done.stderr.decode(errors='replace')[-1000:].strip()}")


def _where(target: Target) -> str:
    return urllib.parse.urlsplit(target.dsn).hostname or "the database"


def _libpq(dsn: str) -> dict[str, str]:
    """A DSN as libpq's variables, so that its password stands in no process list."""
    parts = urllib.parse.urlsplit(dsn)
    found = {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or ""),
        "PGUSER": urllib.parse.unquote(parts.username or ""),
        "PGPASSWORD": urllib.parse.unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
    }
    for name, value in urllib.parse.parse_qsl(parts.query):
        found[f"PG{name.upper()}"] = value
    return {name: value for name, value in found.items() if value}
