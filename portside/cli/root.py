"""The command group, its common options, and how its commands run.

A command is imported when it is used, and only what it needs: a script that asks for ten tokens must not load the whole
product ten times.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from portside.errors import AppError, OperatorError
from portside.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from portside.kit.services import Services

T = TypeVar("T")

# What a person at a terminal should read as one line, not as a traceback.
EXPECTED = (AppError, OperatorError, SettingsError)

# Every command, and its line in the list.
COMMANDS = {
    "approve-app": "Take all of an app's origins for verified.",
    "backup": "Write database, key ring and stored files into a file.",
    "certify-app": "List an app in the integrations directory.",
    "create-account": "Create an account with its owner.",
    "create-app": "Register a partner app that is approved; prints it as JSON.",
    "create-token": "Create an API token; prints the token and nothing else.",
    "demo": "Make the demo account and its data, and print how to use it.",
    "doctor": "Check the installation; exits with 1 if something is broken.",
    "jobs": "Look at jobs that failed for good, and run them again.",
    "list-apps": "Print every partner app, one JSON object a line.",
    "mail": "Show the codes, links and invitations that no server has taken.",
    "migrate": "Bring the database up to date, ahead of time.",
    "purchases": "List purchases that wait for a person, or release one.",
    "restore": "Bring back what `backup` wrote.",
    "serve": "Serve the API and the web app, with a worker inside.",
    "simulator": "Move the simulated carriers' clock on, choose stories.",
    "worker": "Run jobs: webhooks, asynchronous labels, tracking.",
}


class Group(click.Group):
    """Imports its commands when they are used. Shows expected errors as one line and exits with 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _load(cmd_name)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            click.echo(f"portside: {_text(error)}", err=True)
            sys.exit(1)


def _load(name: str) -> None:
    """Import the module that has the command, which adds itself to the group."""
    match name:
        case "create-account" | "create-token":
            from portside.cli import accounts  # noqa: F401
        case "approve-app" | "certify-app" | "create-app" | "list-apps":
            from portside.cli import apps  # noqa: F401
        case "backup" | "restore":
            from portside.cli import backup  # noqa: F401
        case "demo":
            from portside.cli import demo  # noqa: F401
        case "jobs":
            from portside.cli import jobs  # noqa: F401
        case "mail":
            from portside.cli import mail  # noqa: F401
        case "migrate" | "doctor":
            from portside.cli import upkeep  # noqa: F401
        case "purchases":
            from portside.cli import purchases  # noqa: F401
        case "serve" | "worker":
            from portside.cli import serve  # noqa: F401
        case "simulator":
            from portside.cli import simulator  # noqa: F401


def _text(error: Exception) -> str:
    if isinstance(error, AppError):
        body = error.body()
        return str(
            body.get("detail") or "; ".join(f"{field}: {' '.join(map(str, what))}" for field, what in body.items())
        )
    return str(error)


class Folder(click.Path):
    """A path that is not empty: what a script has forgotten to set is not the folder that it is run in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(value, param, ctx) if value else self.fail("It is empty.", param, ctx)


data_dir_option = click.option(
    "--data-dir", type=Folder(path_type=Path), help="Where the private database, keys and files live."
)


def settings_for(data_dir: Path | None, *, quiet: bool = True, **overrides: Any) -> Settings:
    """The settings of a command; `quiet` commands log only what goes wrong, so that scripts can read their output."""
    from portside.kit.logs import configure_logs

    settings = load(data_dir=data_dir.absolute() if data_dir else None, **overrides)
    configure_logs(settings.log_format, "warning" if quiet else settings.log_level)
    return settings


def run(data_dir: Path | None, work: Callable[[Services], Awaitable[T]]) -> T:
    """Run `work` in an installed process, beside a running `serve` or without one."""
    from portside.db.target import database
    from portside.startup import running

    settings = settings_for(data_dir)

    async def installed() -> T:
        url = f"http://{settings.host}:{settings.port}"
        async with running(settings, target, application="portside-cli", public_url=url) as services:
            return await work(services)

    with database(settings) as target:
        return asyncio.run(installed())


def run_on_database(settings: Settings, work: Callable[[], Awaitable[T]]) -> T:
    """Run what needs the database alone, without bringing up the rest."""
    from portside.db.target import database, opened

    async def connected() -> T:
        async with opened(settings, target, "portside-cli"):
            return await work()

    with database(settings) as target:
        return asyncio.run(connected())


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="portside", message="%(package)s %(version)s")
def main() -> None:
    """Portside, a self-hosted shipping platform that speaks the Shippo API."""
