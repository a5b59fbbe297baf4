"""A command loads what it needs, and is listed with all others without any of them being loaded."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from portside.cli.root import COMMANDS, main
from tests.support.patience import PATIENCE

HEAVY = ("litestar", "aiohttp", "reportlab", "jinja2", "uvicorn", "argon2")


def loaded(*arguments: str) -> set[str]:
    """Which of the heavy libraries a command has loaded once it has shown its help."""
    code = (
        "import sys\nfrom portside.cli import main\n"
        f"main({[*arguments, '--help']!r}, standalone_mode=False)\n"
        f"print('loaded', *(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize(("command", "needed"), [("", set()), ("create-token", set()), ("doctor", {"aiohttp"})])
def test_quick_commands_do_not_load_the_product(command: str, needed: set[str]) -> None:
    assert loaded(*command.split()) == needed


def test_serving_loads_what_it_serves_with() -> None:
    assert {"litestar", "uvicorn"} <= loaded("serve")


def test_every_command_is_listed_and_can_be_had() -> None:
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None and command.name == name, name
    assert main.commands.keys() == COMMANDS.keys()
    assert main.get_command(context, "nonsense") is None
