"""`doctor`: everything that can be wrong with an installation, said in one line each."""

from __future__ import annotations

import shutil
import ssl
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Literal

import click
import msgspec

from portside.cli.root import data_dir_option, main, run
from portside.db import embedded
from portside.db.begin import reading
from portside.db.embedded import EmbeddedError
from portside.db.health import Health, health
from portside.jobs import queries as jobs
from portside.jobs.models import LaneLoad
from portside.kit.files import NoSuchFile, StoreUnavailable
from portside.kit.services import Services
from portside.settings import Settings

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

    async def work(services: Services) -> list[Finding]:
        async with reading() as tx:
            state = await health(tx)
            lanes, dead = await jobs.count_due(tx), await jobs.count_dead(tx)
        files = await _files(services)
        return [*_database(state, services.settings), *_queue(lanes, dead), *_machine(services), files]

    findings = run(data_dir, work)
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


def _machine(services: Services) -> Iterator[Finding]:
    folder = services.settings.data_dir
    if folder.exists():
        free = shutil.disk_usage(folder).free
        yield Finding("ok" if free > _LOW_DISK else "warn", f"{free // 1_000_000} MB are free in {folder}.")
    yield Finding("ok", f"The key ring has {len(services.keys.ids)} keys.")
    known = ssl.create_default_context().cert_store_stats()["x509_ca"]
    yield _judge(bool(known), "TLS authorities are known.", "No TLS authorities: install ca-certificates.")
    for name, what in (("web/static/dist/manifest.json", "Web assets"), ("assets/fonts/fonts.json", "Label fonts")):
        there = (resources.files("portside") / name).is_file()
        yield _judge(there, f"{what} are built.", f"{what} are missing: run `make setup`.")
    private = services.settings.allowed_networks
    if private:
        yield Finding("warn", f"Webhooks may reach {', '.join(private)} (PORTSIDE_ALLOWED_NETWORKS).")


async def _files(services: Services) -> Finding:
    """Put a file, the same each time, and get it again."""
    where = services.settings.files or str(services.settings.data_dir)
    try:
        await services.files.put(_PROBE, b"doctor")
        same = await services.files.get(_PROBE) == b"doctor"
    except (StoreUnavailable, NoSuchFile):
        same = False
    return _judge(same, f"Files can be stored and read ({where}).", f"Files cannot be stored and read ({where}).")


def _judge(good: bool, fine: str, broken: str) -> Finding:
    return Finding("ok", fine) if good else Finding("FAIL", broken)
