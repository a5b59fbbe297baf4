"""What the operator of the store decides: environment variables that begin with `STOREFRONT_`."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

APP_FILE = "app.json"
KEY_FILE = "key"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 8100
    # How browsers reach the store. Cookies, links in mails and the OAuth callback are built from it.
    public_url: str = "http://localhost:8100"
    # How Portside reaches the store; the same in production.
    webhook_url: str = "http://127.0.0.1:8100"
    portside_url: str = "http://127.0.0.1:8000"
    # What `portside create-app` printed.
    client_id: str = ""
    client_secret: str = ""
    # `merchant`: a subscription in each merchant's account. `app`: one endpoint of the app that hears of all of them.
    webhooks: Literal["merchant", "app"] = "merchant"
    app_webhook_secret: str = ""
    data_dir: Path = Path("data")
    # Signs the links in mails. Made once, in the data directory.
    secret: str = ""
    # The demo shows everybody's mail at /mailbox, prints passwords, and writes to buyers for test labels too.
    demo: bool = False

    @property
    def redirect_uri(self) -> str:
        return f"{self.public_url}/shippo-oauth-redirect/"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. The app's credentials may stand in `app.json` in the data directory instead."""
    given = {
        field.name: environ[name]
        for field in dataclasses.fields(Settings)
        if (name := _variable(field.name)) in environ
    }
    data_dir = Path(given.pop("data_dir", "data")).absolute()
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    webhooks = given.pop("webhooks", "merchant")
    if webhooks not in ("merchant", "app"):
        raise SystemExit("STOREFRONT_WEBHOOKS is either 'merchant' or 'app'.")
    return Settings(
        data_dir=data_dir,
        port=int(given.pop("port", "8100")),
        demo=given.pop("demo", "") not in ("", "0"),
        webhooks=cast(Literal["merchant", "app"], webhooks),
        secret=given.pop("secret", "") or _kept_secret(data_dir / KEY_FILE),
        **{**_app_of(data_dir / APP_FILE), **given},
    )


def _variable(name: str) -> str:
    return f"STOREFRONT_{name.upper()}"


def _app_of(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    app = json.loads(path.read_text(encoding="utf-8"))
    return {name: app[name] for name in ("client_id", "client_secret", "app_webhook_secret") if name in app}


def _kept_secret(path: Path) -> str:
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text(encoding="utf-8")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first moment on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
