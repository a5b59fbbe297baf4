"""The commands, beside a running server and without one."""

from __future__ import annotations

import re
import stat
import tarfile
from pathlib import Path

import httpx
import pytest

from portside.cli.serve import _with_mailbox
from portside.settings import Settings
from tests.cli.conftest import EMAIL
from tests.orders.data import order_body
from tests.support.patience import PATIENCE
from tests.support.process import Installation, Serving


def client(server: Serving, token: str) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Authorization": f"ShippoToken {token}"}, timeout=PATIENCE)


def failing(installation: Installation, *arguments: str) -> str:
    """What a command says on standard error when it fails, which it must, with 1 or 2 and no traceback."""
    done = installation.attempt(*arguments)
    assert done.returncode in (1, 2), done
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def test_commands_work_without_a_server_and_beside_one(private: Installation) -> None:
    said = private.command("create-account", "--email", EMAIL)
    assert re.search(r"Password: \S{12,}", said)
    before = private.command("create-token", "--email", EMAIL, "--mode", "test")
    assert re.fullmatch(r"shippo_test_[0-9a-f]{40}", before)
    server = private.serve("--no-worker")
    beside = private.command("create-token", "--email", EMAIL, "--mode", "live")
    assert re.fullmatch(r"shippo_live_[0-9a-f]{40}", beside)
    for token in (before, beside):
        with client(server, token) as api:
            assert api.get("/addresses").status_code == 200
    assert "up to date" in private.command("migrate")
    report = private.command("doctor")
    assert "FAIL" not in report and "fsync is on" in report
    for path in ("secret_keys",):
        assert stat.S_IMODE((private.folder / path).stat().st_mode) == 0o600


def test_mail_lies_open_only_for_who_tries_the_product_on_their_own_machine() -> None:
    here = Settings()
    assert _with_mailbox(here, demo=True).open_mailbox == "on"
    assert _with_mailbox(here, demo=False).open_mailbox == "off"
    for elsewhere in (Settings(host="192.0.2.7"), Settings(host="::"), Settings(public_url="https://ship.example")):
        assert _with_mailbox(elsewhere, demo=True).open_mailbox == "off"
    assert _with_mailbox(Settings(open_mailbox="on"), demo=False).open_mailbox == "on"
    assert _with_mailbox(Settings(open_mailbox="off"), demo=True).open_mailbox == "off"


def test_mistakes_are_told_in_a_line(private: Installation) -> None:
    assert "no account of nobody@cli.example" in failing(private, "create-token", "--email", "nobody@cli.example")
    assert "not an e-mail" in failing(private, "create-account", "--email", "nobody")
    private.command("create-account", "--email", EMAIL, "--password", "long enough")
    assert "exists already" in failing(private, "create-account", "--email", EMAIL.upper(), "--password", "long enough")
    private.environ["PORTSIDE_POOL_SIZE"] = "many"
    assert "PORTSIDE_POOL_SIZE" in failing(private, "doctor")


def test_an_external_database_that_is_not_there_is_named(private: Installation) -> None:
    private.environ["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    assert "database cannot be reached" in failing(private, "migrate")


def test_a_backup_brings_everything_back(private: Installation, tmp_path: Path) -> None:
    private.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
    token = private.command("create-token", "--email", EMAIL)
    server = private.serve("--no-worker")
    with client(server, token) as api:
        order = api.post("/orders", json=order_body()).json()
        hook = api.post("/webhooks", json={"url": "http://127.0.0.1:9/x", "event": "all", "is_test": True}).json()
        secret = api.get(f"/webhooks/{hook['object_id']}/secret").json()
    files = private.folder / "files" / "labels"
    files.mkdir(parents=True, exist_ok=True)
    (files / "kept.pdf").write_bytes(b"%PDF")
    backup = tmp_path / "portside.tar"
    private.command("backup", str(backup))
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with tarfile.open(backup) as tar:
        assert {"portside.json", "database.dump", "secret_keys"} <= set(tar.getnames())
    server.end()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Installation("", elsewhere)
    try:
        assert "Restored" in other.command("restore", str(backup))
        with client(other.serve("--no-worker"), token) as api:
            assert api.get(f"/orders/{order['object_id']}").json() == order
            assert api.get(f"/webhooks/{hook['object_id']}/secret").json() == secret
        assert (elsewhere / "files" / "labels" / "kept.pdf").read_bytes() == b"%PDF"
        assert "--replace" in failing(other, "restore", str(backup))
        assert "Restored" in other.command("restore", "--replace", str(backup))
    finally:
        other.stop()


@pytest.mark.parametrize("content", [b"", b"no tar at all"])
def test_what_is_no_backup_is_refused(private: Installation, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "wrong.tar"
    file.write_bytes(content)
    assert "not a backup" in failing(private, "restore", str(file))
