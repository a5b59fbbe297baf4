"""Every setting of Portside, typed, with its description; read from the environment, never at import.

A setting `name` is read from `PORTSIDE_NAME` (`DATABASE_URL` keeps its usual name); any of them may instead be
given as `PORTSIDE_NAME_FILE`, a path whose content is the value, which keeps secrets out of the environment.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

RATE_LIMIT = r"^(off|shippo|\d{1,6}(\.\d{1,6})?)$"
# Only what stands for itself in a URL: the path is signed, and must be read alike by everybody.
BUCKET = r"^(https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~-]+)*/?)?$"
PUBLIC_URL = r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$"
SMTP = r"^(smtps?://[^/?#\s]+/?(\?[^#\s]*)?)?$"

# In the data directory, beside the private database.
KEY_FILE, FILES_FOLDER = "secret_keys", "files"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """A setting has a value that cannot be used; the message names the setting."""


def default_data_dir() -> Path:
    """Root serves a machine (`/var/lib/portside`); anybody else serves themselves, below their home.

    Raises SettingsError where there is no home.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/portside")
    try:
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "portside"
    except RuntimeError as error:  # as in a container, whose user has a number and no name
        raise SettingsError(f"PORTSIDE_DATA_DIR: say where to keep data. {error}") from error


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: Annotated[
        str, Meta(description="A PostgreSQL 15+ to use. Empty: Portside runs a private one in the data directory.")
    ] = ""
    data_dir: Annotated[Path, Meta(description="Where the private database, keys and files live.")] = msgspec.field(
        default_factory=default_data_dir
    )
    pg_bin: Annotated[str, Meta(description="Folder of PostgreSQL binaries for the private database.")] = ""
    pg_user: Annotated[str, Meta(description="Whom the private database runs as when Portside runs as root.")] = (
        "nobody"
    )
    host: Annotated[str, Meta(description="Address that `serve` binds.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port that `serve` binds; 0 picks a free one.")] = 8000
    public_url: Annotated[
        str,
        Meta(
            pattern=PUBLIC_URL,
            description="The address people reach us by, `https://host`; links are built from it. Empty: the bound "
            "address.",
        ),
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...], Meta(description="Addresses or CIDRs whose X-Forwarded-* headers count.")
    ] = ()
    secret_keys: Annotated[
        str, Meta(description="Key ring `id:base64,…`, newest first. Empty: generated once in the data directory.")
    ] = ""
    files: Annotated[
        str,
        Meta(
            pattern=BUCKET,
            description="Where labels and documents are kept: the URL of a bucket of an S3-compatible store, "
            "`https://host/bucket`. Empty: the data directory.",
        ),
    ] = ""
    files_region: Annotated[str, Meta(min_length=1, description="The bucket's region, as its store calls it.")] = (
        "us-east-1"
    )
    files_key_id: Annotated[str, Meta(description="Id of the access key that may read and write the bucket.")] = ""
    files_secret: Annotated[str, Meta(description="Secret of that access key.")] = ""
    allowed_networks: Annotated[
        tuple[str, ...], Meta(description="Private CIDRs that webhooks may reach all the same. None by default.")
    ] = ()
    pool_size: Annotated[int, Meta(ge=2, le=200, description="Database connections per process.")] = 10
    batch_queue: Annotated[
        int, Meta(ge=1, description="Orders that may wait for a commit in one process before 429.")
    ] = 2000
    batch_size: Annotated[int, Meta(ge=1, le=500, description="Orders joined into one commit.")] = 64
    batch_lanes: Annotated[int, Meta(ge=1, le=16, description="Commits of orders in flight at once.")] = 1
    max_body_bytes: Annotated[int, Meta(ge=1024, description="Largest request body.")] = 5_000_000
    max_line_items: Annotated[int, Meta(ge=1, description="Most line items in one order.")] = 1000
    max_bulk_orders: Annotated[int, Meta(ge=1, description="Most orders in one bulk push.")] = 10_000
    max_parcels: Annotated[int, Meta(ge=1, description="Most parcels in one shipment.")] = 200
    worker_concurrency: Annotated[int, Meta(ge=1, le=500, description="Jobs run at once per worker process.")] = 32
    job_lease_seconds: Annotated[int, Meta(ge=2, description="A silent worker's job is taken over after this.")] = 10
    rate_budget_seconds: Annotated[
        float, Meta(gt=0, description="Longest that rating waits for one carrier before going on without it.")
    ] = 10.0
    buy_deadline_seconds: Annotated[
        float, Meta(gt=0, description="Longest that a label purchase waits for the carrier.")
    ] = 30.0
    settle_grace_seconds: Annotated[
        float, Meta(ge=0, description="Wait beyond that deadline before asking the carrier what became of it.")
    ] = 15.0
    webhook_timeout_seconds: Annotated[float, Meta(gt=0, description="Longest wait for a webhook receiver.")] = 15.0
    webhook_retry_schedule: Annotated[
        tuple[int, ...], Meta(description="Seconds between the attempts at one webhook delivery.")
    ] = (1, 5, 30, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    webhook_disable_hours: Annotated[
        float, Meta(gt=0, description="A webhook receiver that only fails for this long is switched off.")
    ] = 120.0
    webhook_secret_grace_hours: Annotated[
        float, Meta(ge=0, description="How long a rotated webhook secret signs beside the new one, unless asked.")
    ] = 24.0
    rate_limit_test: Annotated[
        str,
        Meta(
            pattern=RATE_LIMIT,
            description="Requests per account and minute in test mode: `off`, `shippo` (the numbers Shippo publishes), "
            "or a factor of those.",
        ),
    ] = "off"
    rate_limit_live: Annotated[
        str, Meta(pattern=RATE_LIMIT, description="The same in live mode, where Shippo's numbers are ten times higher.")
    ] = "shippo"
    smtp_url: Annotated[
        str,
        Meta(
            pattern=SMTP,
            description="The server that mail is handed to: `smtp://user:password@host:587?starttls=on` or "
            "`smtps://user:password@host`. Empty: mail is kept in a mailbox of the web app.",
        ),
    ] = ""
    mail_from: Annotated[str, Meta(description="Whom mail comes from: `Name <address>`. Needed with a server.")] = ""
    sms_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^\s#@]+)?$",
            description="The HTTP gateway that text messages are handed to: docs/buyers.md. Empty: without a mail "
            "server they are kept in the mailbox of the web app, otherwise none are sent.",
        ),
    ] = ""
    sms_token: Annotated[str, Meta(description="What the gateway is shown as `Authorization: Bearer`.")] = ""
    sign_up: Annotated[
        Literal["open", "closed"],
        Meta(
            description="Whether people may open accounts by themselves, or only with `portside create-account` and "
            "invitations."
        ),
    ] = "open"
    open_mailbox: Annotated[
        Literal["demo", "on", "off"],
        Meta(
            description="Whether, without a mail server, everybody may read codes and links at `/mailbox`. `demo`: "
            "only with `serve --demo` on a loopback address. Otherwise `portside mail` shows them."
        ),
    ] = "demo"
    exchange_rates: Annotated[
        str, Meta(description="JSON file of dated exchange rates instead of the built-in ones: docs/exchange-rates.md.")
    ] = ""
    session_hours: Annotated[int, Meta(ge=1, description="How long a sign-in to the web app lasts.")] = 12
    retention_days: Annotated[int, Meta(ge=1, description="How long events and deliveries are kept.")] = 90
    alert_retention_days: Annotated[
        int, Meta(ge=30, description="How long alerts are kept after they were resolved; open ones stay.")
    ] = 365
    buyer_message_retention_days: Annotated[
        int,
        Meta(
            ge=30,
            description="How long it is known what buyers were told, and at which address. The messages themselves go "
            "with PORTSIDE_RETENTION_DAYS. Longer than parcels travel, or a buyer may be told something twice.",
        ),
    ] = 365
    log_format: Annotated[Literal["json", "console"], Meta(description="How log lines look.")] = "json"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least important log line that is written.")
    ] = "info"

    def networks(self) -> tuple[Network, ...]:
        """`allowed_networks`, parsed."""
        return tuple(ipaddress.ip_network(text) for text in self.allowed_networks)

    def proxies(self) -> tuple[Network, ...]:
        """`trusted_proxies`, parsed."""
        return tuple(ipaddress.ip_network(text) for text in self.trusted_proxies)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return "DATABASE_URL" if name == "database_url" else f"PORTSIDE_{name.upper()}"


def load(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings; `overrides` (from the command line) win. Raises SettingsError."""
    source = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for name in Settings.__struct_fields__:
        text = _read(source, variable(name))
        if text is not None:
            values[name] = text
    values.update({name: value for name, value in overrides.items() if value is not None})
    return _checked(values)


def unknown(source: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none: misspelt, or of another version."""
    known = {variable(name) for name in Settings.__struct_fields__}
    return [name for name in sorted(source) if name.startswith("PORTSIDE_") and name.removesuffix("_FILE") not in known]


def _read(source: Mapping[str, str], name: str) -> str | None:
    """What is set, and None for an empty value, which templates of services write for what is not."""
    path = source.get(f"{name}_FILE")
    if not path:
        return source.get(name) or None
    if source.get(name):
        raise SettingsError(f"Both {name} and {name}_FILE are set; keep one.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}_FILE: {error.strerror}: {path}") from error


def _checked(values: dict[str, object]) -> Settings:
    hints = get_type_hints(Settings, include_extras=True)
    typed: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, str) and "tuple" in str(hints[name]):
            value = [part.strip() for part in value.split(",") if part.strip()]
        try:
            typed[name] = msgspec.convert(
                value, hints[name], strict=False, dec_hook=lambda kind, raw: kind(raw), str_keys=True
            )
        except (msgspec.ValidationError, TypeError, ValueError) as error:
            raise SettingsError(f"{variable(name)}: {_reason(error)} {_meta(hints[name]).description}") from error
    settings = Settings(**typed)  # type: ignore[arg-type]
    for name, parse in (("allowed_networks", settings.networks), ("trusted_proxies", settings.proxies)):
        try:
            parse()
        except ValueError as error:
            raise SettingsError(f"{variable(name)}: {error}") from error
    if settings.files and not (settings.files_key_id and settings.files_secret):
        raise SettingsError("PORTSIDE_FILES needs PORTSIDE_FILES_KEY_ID and PORTSIDE_FILES_SECRET.")
    return settings


def _reason(error: Exception) -> str:
    """What is wrong, without the pattern that nobody can read."""
    return "Not of the expected form." if "matching regex" in str(error) else f"{error}."


def _meta(hint: Any) -> Meta:
    return next(part for part in hint.__metadata__ if isinstance(part, Meta))


def describe() -> str:
    """The page of all settings, for the docs."""
    hints = get_type_hints(Settings, include_extras=True)
    lines = [
        "# Configuration",
        "",
        "Every setting is an environment variable; none is required for one host. `NAME_FILE` may give the path of a",
        "file with the value instead, so that secrets stay out of the environment. An empty value is as good as none.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for field in msgspec.structs.fields(Settings):
        default = "" if field.default is msgspec.NODEFAULT else field.default
        if isinstance(default, tuple):
            default = ",".join(map(str, default))
        if field.name == "data_dir":
            default = "/var/lib/portside as root, else ~/.local/share/portside"
        shown = f"`{default}`" if default != "" else "empty"
        lines.append(f"| `{variable(field.name)}` | {shown} | {_meta(hints[field.name]).description} |")
    return "\n".join(lines) + "\n"
