"""The command group, its common options, and how its commands run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from portside.db.embedded import EmbeddedError
from portside.db.migrate import MigrationError
from portside.errors import AppError
from portside.kit.crypto import KeyRingError
from portside.kit.logs import configure_logs
from portside.kit.money import WrongRates
from portside.kit.render import AssetError
from portside.kit.services import Services
from portside.settings import Settings, SettingsError, load
from portside.startup import database, running

T = TypeVar("T")

# What a person at a terminal should read as one line, not as a traceback.
EXPECTED = (AppError, SettingsError, EmbeddedError, MigrationError, KeyRingError, WrongRates, AssetError)


class Group(click.Group):
    """Shows expected errors as one line and exits with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            click.echo(f"portside: {_text(error)}", err=True)
            sys.exit(1)


def _text(error: Exception) -> str:
    if isinstance(error, AppError):
        body = error.body()
        return str(
            body.get("detail") or "; ".join(f"{field}: {' '.join(map(str, what))}" for field, what in body.items())
        )
    return str(error)


data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Where the private database, keys and files live."
)


def settings_for(data_dir: Path | None, *, quiet: bool = True, **overrides: Any) -> Settings:
    """The settings of a command; `quiet` commands log only what goes wrong, so that scripts can read their output."""
    settings = load(data_dir=data_dir.absolute() if data_dir else None, **overrides)
    configure_logs(settings.log_format, "warning" if quiet else settings.log_level)
    return settings


def run(data_dir: Path | None, work: Callable[[Services], Awaitable[T]]) -> T:
    """Run `work` in an installed process, beside a running `serve` or without one."""
    settings = settings_for(data_dir)

    async def installed() -> T:
        url = f"http://{settings.host}:{settings.port}"
        async with running(settings, target, application="portside-cli", public_url=url) as services:
            return await work(services)

    with database(settings) as target:
        return asyncio.run(installed())


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Portside, a self-hosted shipping platform that speaks the Shippo API."""


# Each module adds its commands to the group when it is imported.
from portside.cli import accounts, apps, backup, demo, jobs, mail, purchases, serve, simulator, upkeep  # noqa: E402, F401
