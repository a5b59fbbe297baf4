"""Bringing one process up and down: database, services, wiring, carriers. Shared by serve, worker and cli."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog

from portside import wiring, worker
from portside.carriers import registry
from portside.carriers.simulated.ups import ups
from portside.carriers.simulated.usps import usps
from portside.db import embedded
from portside.db.pool import when_lost
from portside.db.target import Target, opened
from portside.jobs import wake
from portside.kit import services as kit
from portside.kit.configured import exchange_rates, file_store, key_ring, mail_server, sms_gateway
from portside.kit.http import Door
from portside.kit.money import install_rates
from portside.kit.password import Passwords
from portside.kit.services import Services
from portside.labels.inbox import accept_push
from portside.settings import Settings
from portside.simulator import world
from portside.simulator.world import World
from portside.web import assets

_log = structlog.get_logger(__name__)

# What the simulated carriers sign their pushes for.
_PUSHES = "simulated-carrier-push"


@asynccontextmanager
async def running(settings: Settings, target: Target, *, application: str, public_url: str) -> AsyncIterator[Services]:
    """An installed process: migrated database, open pool, services and wiring; everything is closed at the end."""
    async with opened(settings, target, application), _installed(settings, target, public_url) as services:
        yield services


@asynccontextmanager
async def _installed(settings: Settings, target: Target, public_url: str) -> AsyncIterator[Services]:
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
    install_rates(exchange_rates(settings))
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
        kit.install(None)


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
