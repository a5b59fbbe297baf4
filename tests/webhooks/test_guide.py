"""docs/webhooks.md: its verifiers run as they stand there against real deliveries, and its tables are the code's."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
import re
import shutil
import socket
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import uvicorn

from portside.main import API, create_app
from portside.rest.endpoint import Route
from portside.settings import Settings
from portside.webhooks import rules
from portside.webhooks.catalogue import ENTRIES, asyncapi
from portside.webhooks.signing import new_secret, signature_headers
from tests.house.source import ROOT
from tests.support.cast import Person
from tests.support.patience import PATIENCE
from tests.webhooks.conftest import Receive, happen, subscribe, work
from tests.webhooks.receivers import says

GUIDE = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
# What is run: the program, the file that the guide's code goes to, and a driver that reads a case and says, for each of
# the two signatures, whether it is right.
CASE = "case.json"
DRIVERS: dict[str, tuple[str, str, str, str]] = {
    "python": (
        "python3",
        "verify.py",
        "drive.py",
        "import base64, json, verify\n"
        "case = json.load(open('case.json'))\n"
        "given = case['secret'], case['headers'], base64.b64decode(case['body'])\n"
        "print(json.dumps([verify.verify_standard(*given), verify.verify_shippo(*given)]))\n",
    ),
    "js": (
        "node",
        "verify.mjs",
        "drive.mjs",
        "import { readFileSync } from 'node:fs';\n"
        "import { verifyShippo, verifyStandard } from './verify.mjs';\n"
        "const { secret, headers, body } = JSON.parse(readFileSync('case.json', 'utf8'));\n"
        "const given = [secret, headers, Buffer.from(body, 'base64')];\n"
        "console.log(JSON.stringify([verifyStandard(...given), verifyShippo(...given)]));\n",
    ),
    "php": (
        "php",
        "verify.php",
        "drive.php",
        "<?php require 'verify.php';\n"
        "$case = json_decode(file_get_contents('case.json'), true);\n"
        "$given = [$case['secret'], $case['headers'], base64_decode($case['body'])];\n"
        "echo json_encode([verify_standard(...$given), verify_shippo(...$given)]);\n",
    ),
    "ruby": (
        "ruby",
        "verify.rb",
        "drive.rb",
        "require 'json'\nrequire_relative 'verify'\n"
        "given = JSON.parse(File.read('case.json'))\n"
        "given = given['secret'], given['headers'], given['body'].unpack1('m')\n"
        "puts JSON.generate([verify_standard(*given), verify_shippo(*given)])\n",
    ),
}
RIGHT, WRONG = [True, True], [False, False]


class Delivery(NamedTuple):
    """A delivery that arrived, and the secret that it was signed with."""

    secret: str
    headers: dict[str, str]
    body: bytes

    def changed(self, *, secret: str = "", body: bytes | None = None, **headers: str) -> Delivery:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Delivery(secret or self.secret, self.headers | named, self.body if body is None else body)

    def signed(self, *secrets: str, age: int = 0) -> Delivery:
        """As if it had been signed with these secrets so many seconds ago."""
        made = signature_headers(secrets, self.headers["webhook-id"], int(time.time()) - age, self.body)
        return self._replace(headers=self.headers | {name.lower(): value for name, value in made.items()})


def code(language: str) -> str:
    """The first block of a language in the guide."""
    found = re.search(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
    assert found, language
    return found[1]


def needs(program: str, language: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"NOT RUN: the {language} verifier of docs/webhooks.md, for there is no {program} on PATH")


@pytest.fixture
async def delivery(api: httpx.AsyncClient, alice: Person, receive: Receive) -> Delivery:
    """A real one, whose body is more than ASCII."""
    receiver = await receive(says(200))
    webhook = await subscribe(api, receiver, "track_updated")
    secret = (await api.get(f"/webhooks/{webhook}/secret")).json()["secret"]
    await happen(alice.scope, city="Zürich – 東京", text='a "quoted" \\ word')
    await work()
    (got,) = receiver.got
    return Delivery(secret, got.headers, got.body)


def cases(real: Delivery) -> Mapping[str, tuple[Delivery, list[bool]]]:
    """Deliveries by what is wrong with them, and whether each signature is right."""
    other = new_secret()
    stamp = real.headers["webhook-timestamp"]
    return {
        "real": (real, RIGHT),
        "two secrets, ours the older": (real.signed(other, real.secret), RIGHT),
        "two secrets, ours the newer": (real.signed(real.secret, other), RIGHT),
        "body changed": (real.changed(body=real.body.replace(b"track", b"trick")), WRONG),
        "body longer": (real.changed(body=real.body + b" "), WRONG),
        "body empty": (real.changed(body=b""), WRONG),
        "secret of somebody else": (real.changed(secret=other), WRONG),
        "too old": (real.signed(real.secret, age=301), WRONG),
        "of the future": (real.signed(real.secret, age=-330), WRONG),
        "time changed": (
            real.changed(
                webhook_timestamp=str(int(stamp) + 1),
                shippo_auth_signature=real.headers["shippo-auth-signature"].replace(stamp, str(int(stamp) + 1)),
            ),
            WRONG,
        ),
        "time unreadable": (real.changed(webhook_timestamp="soon", shippo_auth_signature="t=soon,v1=00"), WRONG),
        "id changed": (real.changed(webhook_id="0" * 32), [False, True]),
        "signatures empty": (real.changed(webhook_signature="", shippo_auth_signature=""), WRONG),
        "signatures garbled": (real.changed(webhook_signature="v1,é v1", shippo_auth_signature="v1,t,=,,"), WRONG),
    }


async def run(folder: Path, *command: str, **environ: str) -> tuple[int, str]:
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=path | environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode or 0, out.decode()


@pytest.mark.parametrize("language", DRIVERS)
async def test_a_verifier_takes_what_is_ours_and_nothing_else(
    language: str, delivery: Delivery, tmp_path: Path
) -> None:
    program, file, driver, text = DRIVERS[language]
    needs(program, language)
    (tmp_path / file).write_text(code(language), encoding="utf-8")
    (tmp_path / driver).write_text(text)
    for name, (case, expected) in cases(delivery).items():
        given = {"secret": case.secret, "headers": case.headers, "body": base64.b64encode(case.body).decode()}
        (tmp_path / CASE).write_text(json.dumps(given))
        status, out = await run(tmp_path, str(shutil.which(program)), driver)
        assert status == 0, (name, out)
        assert json.loads(out) == expected, name


async def shell(folder: Path, case: Delivery, **environ: str) -> tuple[int, str]:
    (folder / "verify.sh").write_text(code("sh"))
    lines = [f"{name.title()}: {value}\r\n" for name, value in case.headers.items()]
    (folder / "headers").write_text("".join(lines), encoding="utf-8")
    (folder / "body").write_bytes(case.body)
    return await run(folder, "sh", "verify.sh", "headers", "body", **environ)


async def test_the_shell_verifier(delivery: Delivery, tmp_path: Path) -> None:
    needs("openssl", "shell")
    for name, (case, expected) in cases(delivery).items():
        status, out = await shell(tmp_path, case, SECRET=case.secret)
        said = [
            f"{which}: {'right' if is_right else 'WRONG'}"
            for which, is_right in zip(("webhook-signature", "Shippo-Auth-Signature"), expected, strict=True)
        ]
        assert out.splitlines() == said, name
        assert status == (0 if expected == RIGHT else 1), name


@pytest.fixture
async def address(product: object, settings: Settings) -> AsyncIterator[str]:
    """The product behind a real socket."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(settings), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = True
        await serving


async def test_the_shell_verifier_asks_for_the_secret(
    api: httpx.AsyncClient, alice: Person, receive: Receive, address: str, tmp_path: Path
) -> None:
    needs("curl", "shell")
    receiver = await receive(says(200))
    webhook = await subscribe(api, receiver)
    await api.post(f"/webhooks/{webhook}/test", json={})
    (got,) = receiver.got
    case = Delivery("", got.headers, got.body)
    status, out = await shell(tmp_path, case, PORTSIDE=address, TOKEN=alice.token, WEBHOOK=webhook)
    assert (status, out) == (0, "webhook-signature: right\nShippo-Auth-Signature: right\n")
    refused, _ = await shell(tmp_path, case, PORTSIDE=address, TOKEN="shippo_test_wrong", WEBHOOK=webhook)
    assert refused != 0


def test_the_retries_as_data_are_the_settings() -> None:
    settings = Settings()
    assert json.loads(code("json")) == {
        "timeout_seconds": settings.webhook_timeout_seconds,
        "seconds_between_attempts": list(settings.webhook_retry_schedule),
        "jitter": 0.2,
        "longest_retry_after_seconds": rules.LONGEST_RETRY_AFTER,
        "retried_statuses_below_500": sorted(rules.TRANSIENT),
        "switched_off_after_hours_of_failure": settings.webhook_disable_hours,
        "old_secret_signs_for_hours": settings.webhook_secret_grace_hours,
        "log_kept_for_days": settings.retention_days,
    }
    waits = [rules.next_attempt(500, 1, [100], dt.datetime(2026, 1, 1), None, roll) for roll in (0.0, 0.9999999)]
    spread = [(wait - dt.datetime(2026, 1, 1)).total_seconds() for wait in waits if wait]
    assert spread == pytest.approx([80, 120], abs=0.01)


def rows(heading: str) -> list[str]:
    """The first cells of a section's first table, without their code marks."""
    section = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| ([^|]*) \|", section, re.MULTILINE)
    return [cell.replace("`", "") for cell in cells[1:]]


def test_the_guide_names_every_event_and_header() -> None:
    assert rows("Events") == list(ENTRIES)
    assert sorted(rows("Headers")) == sorted(asyncapi("1")["components"]["schemas"]["DeliveryHeaders"]["properties"])


def test_every_route_of_the_guide_exists() -> None:
    known = {
        re.sub(r"\{\w+\}", "{}", f"{route.operation.method} {route.operation.path}")
        for route in API
        if isinstance(route, Route)
    }
    named = set(re.findall(r"`((?:GET|POST|PUT) /(?:webhooks|events)[\w/{}-]*)", GUIDE))
    assert len(named) >= 8
    assert {re.sub(r"\{\w+\}", "{}", name) for name in named} - known == set()
