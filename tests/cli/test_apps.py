"""Partner apps from the command line: beside a running server and without one, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
from PIL import Image

from tests.cli.conftest import EMAIL
from tests.cli.test_commands import failing
from tests.support.patience import PATIENCE
from tests.support.process import Installation

CALLBACK = "http://store.localhost:8100/callback"


def test_the_operator_makes_apps_without_a_server_and_beside_one(private: Installation, tmp_path: Path) -> None:
    made = json.loads(
        private.command("create-app", "--name", "Lighthouse Store", "--redirect-uri", CALLBACK, "--redirect-uri",
                        "https://store.example/cb", "--origin", "http://store.localhost:8100", "--certified")
    )  # fmt: skip
    assert made.pop("client_id").startswith("partner_") and made.pop("client_secret").startswith("secret_")
    assert made == {
        "name": "Lighthouse Store",
        "redirect_uris": [CALLBACK, "https://store.example/cb"],
        "origins": ["http://store.localhost:8100"],
        "live": False,
        "certified": True,
    }
    server = private.serve("--no-worker")
    private.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
    logo = tmp_path / "logo.jpg"
    Image.new("RGB", (30, 30), 90).save(logo)
    made = json.loads(
        private.command("create-app", "--name", "Second", "--redirect-uri", CALLBACK, "--email", EMAIL.upper(),
                        "--live", "--logo", str(logo), "--site", "https://store.example")
    )  # fmt: skip
    private.command("certify-app", made["client_id"])
    private.command("approve-app", made["client_id"], "--off")
    second, first = (json.loads(line) for line in private.command("list-apps").splitlines())
    assert (second["name"], second["owner"], second["certified"], second["approved"]) == ("Second", EMAIL, True, False)
    assert (first["name"], first["owner"], first["live"], first["approved"]) == ("Lighthouse Store", "", False, True)
    assert first["origins"] == {"http://store.localhost:8100": True} and first["connected_accounts"] == 0
    assert "secret" not in json.dumps([first, second])
    with httpx.Client(base_url=server.url, timeout=PATIENCE) as browser:
        assert browser.get("/app-logos/" + "0" * 32).status_code == 404


def test_what_cannot_be_registered_is_told_in_a_line(database: str, tmp_path: Path) -> None:
    private = Installation(database, tmp_path)
    app = ("create-app", "--name", "Store", "--redirect-uri")
    assert "this machine only" in failing(private, *app, "http://store.example/cb")
    assert "fragment" in failing(private, *app, "https://store.example/cb#x")
    assert "without a path" in failing(private, *app, CALLBACK, "--origin", "https://store.example/x")
    assert "no account of nobody@cli.example" in failing(private, *app, CALLBACK, "--email", "nobody@cli.example")
    drawing = tmp_path / "logo.png"
    drawing.write_text("<svg/>")
    assert "not a PNG or JPEG" in failing(private, *app, CALLBACK, "--logo", str(drawing))
    assert "no app with that client id" in failing(private, "certify-app", "partner_unknown")
