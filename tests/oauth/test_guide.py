"""docs/oauth.md: its commands run as they stand there, and its tables are the code's."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from portside.oauth import api, flows, rules, wire
from portside.rest.permissions import SCOPES
from tests.house.source import ROOT
from tests.support.connecting import WINDOW, Form, Visit
from tests.support.database import fresh_database
from tests.support.patience import PATIENCE
from tests.support.process import PORTSIDE, Installation

GUIDE = (ROOT / "docs/oauth.md").read_text(encoding="utf-8")
EMAIL, PASSWORD = "alice@guide.example", "a long enough secret"
# A command, and what it prints: `…` stands for anything.
_COMMAND = re.compile(r"^ *```console\n *\$ (.+)\n *(.+)\n *```$", re.MULTILINE)
_PAGE = re.compile(r"\$PORTSIDE(/oauth/authorize\?\S+)")


def rows(heading: str) -> list[str]:
    """The first column of the first table after a heading."""
    section = GUIDE.partition(f"\n{heading}\n")[2]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert table is not None, heading
    return [row.split("|")[1] for row in table[0].splitlines()[2:]]


def names(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def test_the_scopes_are_the_codes() -> None:
    assert set().union(*map(names, rows("## Scopes"))) == SCOPES


def test_the_errors_are_the_codes() -> None:
    source = "".join(Path(module.__file__ or "").read_text(encoding="utf-8") for module in (api, flows, rules, wire))
    made = set(re.findall(r'"((?:invalid|unsupported|unauthorized|temporarily)_\w+)"', source)) | {"access_denied"}
    token = re.findall(r"^\| \d{3} \| `(\w+)`", GUIDE, re.MULTILINE)
    page = re.findall(r"^\| `((?:access|invalid|unsupported|unauthorized)_\w+)` \|", GUIDE, re.MULTILINE)
    assert set(token) | set(page) == made


def test_the_guide_is_short_enough_to_be_read() -> None:
    assert len(GUIDE.splitlines()) <= 250


@pytest.fixture
async def installation(tmp_path: Path, worker_name: str) -> AsyncIterator[Installation]:
    installed = Installation(await fresh_database(f"oauth_guide_{worker_name}"), tmp_path)
    installed.command("create-account", "--email", EMAIL, "--password", PASSWORD)
    yield installed
    installed.stop()


class Reader:
    """Somebody who types what the guide says, and knows what the last commands printed."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = {**environ, "PATH": f"{PORTSIDE.parent}:{environ['PATH']}"}

    async def connect(self) -> None:
        """The merchant's part, in a window of their own."""
        page = _PAGE.search(GUIDE)
        assert page is not None
        async with httpx.AsyncClient(base_url=self.environ["PORTSIDE"], timeout=PATIENCE) as client:
            visit = Visit(client, WINDOW)
            await visit.open(page[1].replace("$CLIENT_ID", self.environ["CLIENT_ID"]))
            await visit.press("login", {"email": EMAIL, "password": PASSWORD})
            await visit.press("allow")
        answer = parse_qs(urlsplit(Form(visit.page).refresh).query)
        assert answer["state"] == ["af0ifjsldkj"]
        self.environ["CODE"] = answer["code"][0]

    def type(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command], env=self.environ, capture_output=True, timeout=PATIENCE, check=False, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def remember(self, printed: str) -> None:
        """Names in the commands stand for what was printed before."""
        if not printed.startswith("{"):
            return
        known = {"access_token": "TOKEN", "token": "JWT", "client_id": "CLIENT_ID", "client_secret": "CLIENT_SECRET"}
        values = json.loads(printed)
        self.environ |= {variable: values[key] for key, variable in known.items() if key in values}


def looks_like(printed: str, shown: str) -> bool:
    if not shown.startswith("{"):
        return printed == shown
    wanted, found = json.loads(shown), json.loads(printed)
    if "client_id" in wanted:
        # The guide shows of an app what matters here.
        found = {key: found[key] for key in wanted}
    patterns = {key: re.escape(json.dumps(value)).replace("…", ".+") for key, value in wanted.items()}
    texts = {key: json.dumps(value) for key, value in found.items()}
    escaped = {key: pattern.replace(re.escape("\\u2026"), ".+") for key, pattern in patterns.items()}
    return texts.keys() == escaped.keys() and all(re.fullmatch(escaped[key], text) for key, text in texts.items())


async def test_the_commands_do_what_the_guide_says(installation: Installation) -> None:
    serving = installation.serve()
    reader = Reader({**installation.environ, "PORTSIDE": serving.url})
    commands = _COMMAND.findall(GUIDE)
    assert len(commands) == GUIDE.count("```console") == 8
    for command, shown in commands:
        if "$CODE" in command:
            await reader.connect()
        printed = reader.type(command)
        assert looks_like(printed, shown), f"{command}\n{printed}\ninstead of\n{shown}"
        reader.remember(printed)
