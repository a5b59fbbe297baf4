"""`migrate`, and `doctor`: everything that can be wrong with an installation, said in one line each."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Literal

import click
import msgspec

from portside.cli.root import data_dir_option, main, run_on_database, settings_for
from portside.db import embedded
from portside.db.begin import reading
from portside.db.embedded import EmbeddedError
from portside.db.health import Health, health
from portside.db.target import database, migrated
from portside.errors import OperatorError
from portside.jobs import queries as jobs
from portside.jobs.models import LaneLoad
from portside.kit.configured import exchange_rates, file_store, key_ring, mail_server, sms_gateway
from portside.kit.files import NoSuchFile, StoreUnavailable
from portside.kit.http import Door
from portside.settings import Settings, SettingsError, unknown

_LATE_SECONDS = 60.0
_LOW_DISK = 1_000_000_000
_PROBE = "doctor/probe.txt"


class Finding(msgspec.Struct, frozen=True):
    """`FAIL` means that something does not work, `warn` that it soon may not."""

    verdict: Literal["ok", "warn", "FAIL"]
    text: str


@main.command()
@data_dir_option
def doctor(data_dir: Path | None) -> None:
    """Check the installation; exits with 1 if something is broken."""

    settings = settings_for(data_dir)

    async def work() -> list[Finding]:
        async with reading() as tx:
            state = await health(tx)
            lanes, dead = await jobs.count_due(tx), await jobs.count_dead(tx)
        door = Door(settings.networks())
        try:
            made = [*_settings(settings, door), await _files(settings, door)]
        finally:
            await door.close()
        return [*_database(state, settings), *_queue(lanes, dead), *_machine(settings), *made]

    findings = run_on_database(settings, work)
    for finding in findings:
        click.echo(f"{finding.verdict:4}  {finding.text}")
    if any(finding.verdict == "FAIL" for finding in findings):
        sys.exit(1)


def _database(state: Health, settings: Settings) -> Iterator[Finding]:
    kind = "the DATABASE_URL" if settings.database_url else f"the private one in {settings.data_dir}"
    yield Finding("ok", f"PostgreSQL {state.version} answers ({kind}), {state.size_bytes // 1_000_000} MB.")
    yield _judge(state.fsync, "fsync is on.", "fsync is OFF: a power cut loses acknowledged orders.")
    yield _judge(
        state.synchronous_commit, "synchronous_commit is on.", "synchronous_commit is off: crashes lose orders."
    )
    yield _judge(not state.pending, f"All {state.migrations} migrations are applied.", f"Pending: {state.pending}.")
    near = abs(state.clock_seconds) < 5
    yield Finding("ok" if near else "warn", f"The database's clock differs by {abs(state.clock_seconds):.1f} s.")
    yield _judge(state.partitions_days > 7, "Partitions are made ahead.", "Partitions run out: is a worker running?")
    if not settings.database_url:
        yield _binaries(settings, state.version)


def _binaries(settings: Settings, running: str) -> Finding:
    wheel = embedded.carrier()
    try:
        ours = embedded.binaries_version(Path(settings.pg_bin)) if settings.pg_bin else (wheel.version if wheel else "")
    except EmbeddedError as error:
        return Finding("warn", str(error))
    if ours == running or ours.startswith(f"{running}."):
        return Finding("ok", f"The server runs the binaries that are installed ({ours}).")
    return Finding("warn", f"The server runs {running}, {ours} is installed: restart everything to upgrade.")


def _queue(lanes: list[LaneLoad], dead: dict[str, int]) -> Iterator[Finding]:
    late = [lane for lane in lanes if lane.oldest_seconds > _LATE_SECONDS]
    for lane in late:
        yield Finding("warn", f"Lane {lane.lane}: {lane.due} jobs wait, the oldest for {lane.oldest_seconds:.0f} s.")
    if not late:
        yield Finding("ok", "No job is late.")
    for kind, count in dead.items():
        yield Finding("warn", f"{count} dead jobs of kind {kind}: `portside jobs dead --kind {kind}`.")


def _machine(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if folder.exists():
        free = shutil.disk_usage(folder).free
        yield Finding("ok" if free > _LOW_DISK else "warn", f"{free // 1_000_000} MB are free in {folder}.")
    known = ssl.create_default_context().cert_store_stats()["x509_ca"]
    yield _judge(bool(known), "TLS authorities are known.", "No TLS authorities: install ca-certificates.")
    for name, what in (("web/static/dist/manifest.json", "Web assets"), ("assets/fonts/fonts.json", "Label fonts")):
        there = (resources.files("portside") / name).is_file()
        yield _judge(there, f"{what} are built.", f"{what} are missing: run `make setup`.")


def _settings(settings: Settings, door: Door) -> Iterator[Finding]:
    """What `serve` would refuse to start with, and what may not be as it was meant."""
    try:
        yield Finding("ok", f"The key ring has {len(key_ring(settings).ids)} keys.")
    except (SettingsError, OperatorError) as error:
        yield Finding("FAIL", str(error))
    others: list[Callable[[], object]] = [
        lambda: mail_server(settings),
        lambda: sms_gateway(settings, door),
        lambda: exchange_rates(settings),
    ]
    for make in others:
        try:
            make()
        except SettingsError as error:
            yield Finding("FAIL", str(error))
    if settings.allowed_networks:
        networks = ", ".join(settings.allowed_networks)
        yield Finding("warn", f"Webhooks may reach {networks} (PORTSIDE_ALLOWED_NETWORKS).")
    for name in unknown(os.environ):
        yield Finding("warn", f"{name} is not a setting of Portside, and does nothing.")


async def _files(settings: Settings, door: Door) -> Finding:
    """Put a file, the same each time, and get it again."""
    where = settings.files or str(settings.data_dir)
    try:
        files = file_store(settings, door)
        await files.put(_PROBE, b"doctor")
        same = await files.get(_PROBE) == b"doctor"
    except SettingsError as error:
        return Finding("FAIL", str(error))
    except (StoreUnavailable, NoSuchFile):
        same = False
    return _judge(same, f"Files can be stored and read ({where}).", f"Files cannot be stored and read ({where}).")


def _judge(good: bool, fine: str, broken: str) -> Finding:
    return Finding("ok", fine) if good else Finding("FAIL", broken)


@main.command()
@data_dir_option
def migrate(data_dir: Path | None) -> None:
    """Bring the database up to date. `serve` and `worker` do it too; this is for doing it ahead."""
    settings = settings_for(data_dir)
    with database(settings) as target:
        applied = asyncio.run(migrated(target))
    click.echo("\n".join(f"applied {name}" for name in applied) or "The database is up to date.")
