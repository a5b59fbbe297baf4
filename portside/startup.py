"""Bringing one process up and down: database, migrations, pool, services, wiring. Shared by serve, worker and cli."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import structlog

from portside import wiring, worker
from portside.carriers import registry
from portside.carriers.simulated.ups import ups
from portside.carriers.simulated.usps import usps
from portside.db import embedded
from portside.db.migrate import migrate
from portside.db.pool import UNREACHABLE, close_pool, open_pool, when_lost
from portside.errors import Unavailable
from portside.jobs import wake
from portside.kit import services as kit
from portside.kit.bucket import BucketFiles
from portside.kit.crypto import KeyRing
from portside.kit.files import FileStore, LocalFiles
from portside.kit.http import BadURL, Door
from portside.kit.mail import BadMail, Mailer, read_sender, read_server
from portside.kit.money import install_rates, read_rates
from portside.kit.password import Passwords
from portside.kit.services import Services
from portside.kit.sigv4 import Signer
from portside.kit.sms import Texter
from portside.labels.inbox import accept_push
from portside.settings import Settings, SettingsError
from portside.simulator import world
from portside.simulator.world import World
from portside.web import assets

_log = structlog.get_logger(__name__)

KEY_FILE = "secret_keys"
FILES_FOLDER = "files"

# How often a private PostgreSQL may go away while a process starts.
_TRIES = 3

# What the simulated carriers sign their pushes for.
_PUSHES = "simulated-carrier-push"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The database to use: a DSN, and further arguments for asyncpg. `attachment` if it is the private one."""

    dsn: str
    connect: dict[str, Any] = {}
    attachment: embedded.Attachment | None = None


@contextmanager
def database(settings: Settings) -> Iterator[Target]:
    """The configured PostgreSQL, or the private one, started if need be and held while the block runs.

    To be entered before the event loop starts. Raises EmbeddedError.
    """
    if settings.database_url:
        yield Target(dsn=settings.database_url)
        return
    pg_bin = Path(settings.pg_bin) if settings.pg_bin else None
    with embedded.attach(settings.data_dir, pg_bin=pg_bin, pg_user=settings.pg_user) as attachment:
        yield Target(dsn="", connect=dict(attachment.connect_kwargs), attachment=attachment)


async def connect(target: Target) -> asyncpg.Connection[asyncpg.Record]:
    """One plain connection. Raises Unavailable."""
    try:
        return await asyncpg.connect(target.dsn or None, **target.connect)
    except (*UNREACHABLE, asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise Unavailable(f"The database cannot be reached: {error}") from error


async def migrated(target: Target) -> list[str]:
    """Bring the database up to date; gives what was applied. Raises MigrationError, Unavailable."""
    connection = await connect(target)
    try:
        return await migrate(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def running(settings: Settings, target: Target, *, application: str, public_url: str) -> AsyncIterator[Services]:
    """An installed process: migrated database, open pool, services and wiring; everything is closed at the end."""
    await _opened(settings, target, application)
    door = Door(settings.networks())
    services = Services(
        settings=settings,
        keys=key_ring(settings),
        door=door,
        passwords=Passwords(),
        files=file_store(settings, door),
        templates=assets.load_templates(),
        static_files=assets.load_static_files(),
        public_url=(settings.public_url or public_url).rstrip("/"),
        mailer=mail_server(settings),
        texter=sms_gateway(settings, door),
    )
    kit.install(services)
    install_rates(read_rates(Path(settings.exchange_rates)) if settings.exchange_rates else None)
    wiring.install()
    worker.import_jobs()
    outside = install_carriers(services, target.dsn, target.connect)
    upkeep = [asyncio.create_task(wake.share()), asyncio.create_task(_keep_up(target))]
    try:
        yield services
    finally:
        for task in upkeep:
            task.cancel()
        await asyncio.gather(*upkeep, return_exceptions=True)
        await services.door.close()
        services.passwords.close()
        await remove_carriers(outside)
        await close_pool()
        kit.install(None)


async def _opened(settings: Settings, target: Target, application: str) -> None:
    """Migrate, and open the pool. A private PostgreSQL that is killed meanwhile is started again, as it is later on."""
    for tries_left in reversed(range(_TRIES)):
        try:
            await migrated(target)
            await open_pool(target.dsn, size=settings.pool_size, connect=target.connect, application=application)
            return
        except (Unavailable, *UNREACHABLE):
            if target.attachment is None or not tries_left:
                raise
        await asyncio.to_thread(target.attachment.revive)


async def _keep_up(target: Target) -> None:
    """Start the private PostgreSQL again when its watchdog was killed; an external one is its operator's."""
    lost = asyncio.Event()
    when_lost(lost.set)
    try:
        while target.attachment is not None:
            await lost.wait()
            lost.clear()
            try:
                await asyncio.to_thread(target.attachment.revive)
            except embedded.EmbeddedError as error:
                _log.error("database_not_revived", error=str(error))
            await asyncio.sleep(0.2)
    finally:
        when_lost(None)


def install_carriers(services: Services, dsn: str, connect: Mapping[str, Any] | None = None) -> World:
    """Give this process its carriers, one line each, and the world that the simulated ones live in."""
    outside = World(dsn, connect, sign=partial(services.keys.sign, _PUSHES), deliver=accept_push)
    verify = partial(services.keys.verify, _PUSHES)
    registry.install(
        [
            usps(outside, verify),
            ups(outside, verify),
        ]
    )
    world.install(outside)
    return outside


async def remove_carriers(outside: World) -> None:
    """Undo `install_carriers`."""
    registry.install([])
    world.install(None)
    await outside.close()


def key_ring(settings: Settings) -> KeyRing:
    """The configured keys, or those of the data directory, made there once with mode 0600. Raises KeyRingError."""
    if settings.secret_keys:
        return KeyRing.parse(settings.secret_keys)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.data_dir / KEY_FILE
    ring = KeyRing.load_or_create(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        path.chmod(0o600)
    return ring


def file_store(settings: Settings, door: Door) -> FileStore:
    """The configured bucket, or a folder of the data directory. Raises SettingsError."""
    if not settings.files:
        return LocalFiles(settings.data_dir / FILES_FOLDER)
    try:
        return BucketFiles(
            door, settings.files, Signer(settings.files_key_id, settings.files_secret, settings.files_region)
        )
    except BadURL as error:
        raise SettingsError(f"PORTSIDE_FILES: {error}") from error


def sms_gateway(settings: Settings, door: Door) -> Texter | None:
    """The configured SMS gateway, if there is one. Raises SettingsError."""
    if not settings.sms_url:
        return None
    try:
        return Texter(door, settings.sms_url, settings.sms_token)
    except BadURL as error:
        raise SettingsError(f"PORTSIDE_SMS_URL: {error}") from error


def mail_server(settings: Settings) -> Mailer | None:
    """The configured SMTP server, if there is one. Raises SettingsError, which does not show the URL."""
    if not settings.smtp_url:
        return None
    try:
        server = read_server(settings.smtp_url)
    except BadMail as error:
        raise SettingsError(f"PORTSIDE_SMTP_URL: {error}.") from error
    try:
        return Mailer(server, read_sender(settings.mail_from))
    except BadMail as error:
        raise SettingsError(f"PORTSIDE_MAIL_FROM: {error}.") from error
