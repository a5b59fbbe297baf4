"""Commands for the operator of the queue: dead jobs listed, rerun, discarded."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from portside.cli.root import data_dir_option, main, run
from portside.db.begin import begin, reading
from portside.jobs import actions, queries
from portside.jobs.models import DeadJob
from portside.kit.services import Services


@main.group()
def jobs() -> None:
    """Look at jobs that failed for good, and run them again."""


@jobs.command("dead")
@click.option("--kind", help="Only jobs of this kind, e.g. webhooks.deliver.")
@click.option("--limit", default=100, show_default=True)
@data_dir_option
def list_dead(kind: str | None, limit: int, data_dir: Path | None) -> None:
    """List dead jobs, one JSON object a line, the latest first."""

    async def work(_services: Services) -> list[DeadJob]:
        async with reading() as tx:
            return await queries.list_dead(tx, kind=kind, limit=limit)

    for dead in run(data_dir, work):
        click.echo(msgspec.json.encode(dead).decode())


@jobs.command("rerun")
@click.argument("job_ids", nargs=-1, required=True, type=int)
@data_dir_option
def rerun(job_ids: tuple[int, ...], data_dir: Path | None) -> None:
    """Queue dead jobs again."""

    async def work(_services: Services) -> int:
        async with begin() as tx:
            return await actions.rerun_dead(tx, job_ids)

    click.echo(f"{run(data_dir, work)} of {len(job_ids)} queued again.")


@jobs.command("discard")
@click.argument("job_ids", nargs=-1, required=True, type=int)
@data_dir_option
def discard(job_ids: tuple[int, ...], data_dir: Path | None) -> None:
    """Delete dead jobs."""

    async def work(_services: Services) -> int:
        async with begin() as tx:
            return await actions.discard_dead(tx, job_ids)

    click.echo(f"{run(data_dir, work)} of {len(job_ids)} discarded.")
