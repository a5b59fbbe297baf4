"""The run's PostgreSQL, one database per test worker, the application in process, and the cast (law 8)."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from portside import wiring, worker
from portside.db.pool import close_pool, open_pool
from portside.kit import services as kit
from portside.kit.crypto import KeyRing, new_key
from portside.kit.files import LocalFiles
from portside.kit.http import Door
from portside.kit.logs import configure_logs
from portside.kit.password import Passwords
from portside.main import create_app
from portside.settings import Settings, load
from portside.startup import install_carriers, remove_carriers
from portside.web import assets
from tests.support.cast import Person, make_person
from tests.support.database import TestServer, fresh_database

_server: TestServer | None = None


def pytest_configure(config: pytest.Config) -> None:
    global _server
    # As in `serve`: short tracebacks without the values of variables, and no line per request.
    configure_logs("console", "warning")
    if not hasattr(config, "workerinput"):
        _server = TestServer()
        _server.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _server is not None:
        _server.stop()


@pytest.fixture(scope="session")
def worker_name() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
async def database(worker_name: str) -> AsyncIterator[str]:
    """This worker's database, with this process's pool open on it; gives its DSN."""
    dsn = await fresh_database(worker_name)
    await open_pool(dsn, size=10)
    yield dsn
    await close_pool()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Defaults, but loopback receivers are allowed, grace is short, and no carrier is left out on a busy machine."""
    environ = {"PORTSIDE_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128", "PORTSIDE_SECRET_KEYS": new_key()}
    given = {"settle_grace_seconds": 0.0, "rate_budget_seconds": 120.0}
    return load(environ, data_dir=tmp_path_factory.mktemp("data"), **given)


@pytest.fixture(scope="session")
async def product(database: str, settings: Settings) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """The whole product in this process; gives a maker of HTTP clients."""
    services = kit.Services(
        settings=settings,
        keys=KeyRing.parse(settings.secret_keys),
        door=Door(settings.networks()),
        passwords=Passwords(time_cost=1, memory_kib=8192, lanes=1),
        files=LocalFiles(Path(settings.data_dir) / "files"),
        templates=assets.load_templates(),
        static_files=assets.load_static_files(),
        public_url="http://portside.test",
    )
    kit.install(services)
    wiring.install()
    worker.import_jobs()
    outside = install_carriers(services, database)
    app = create_app(settings)

    def client(token: str | None = None, **headers: str) -> httpx.AsyncClient:
        given = {"Accept": "application/json", **headers}
        if token:
            given["Authorization"] = f"ShippoToken {token}"
        # Everybody comes from an address of their own, or the whole suite would be one visitor who signs in too often.
        address = ".".join(str(part) for part in (127, *secrets.token_bytes(3)))
        transport = httpx.ASGITransport(app=app, client=(address, 50_000))  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://portside.test", headers=given)

    yield client
    await remove_carriers(outside)
    await services.door.close()
    services.passwords.close()
    kit.install(None)


@pytest.fixture
async def alice(product: object) -> Person:
    """The owner of an account of her own."""
    return await make_person("alice")


@pytest.fixture
async def charlie(product: object) -> Person:
    """The outsider."""
    return await make_person("charlie")


@pytest.fixture
async def api(product: Callable[..., httpx.AsyncClient], alice: Person) -> AsyncIterator[httpx.AsyncClient]:
    """alice's client in test mode."""
    async with product(alice.token) as client:
        yield client


@pytest.fixture
async def charlie_api(product: Callable[..., httpx.AsyncClient], charlie: Person) -> AsyncIterator[httpx.AsyncClient]:
    """charlie's client in test mode."""
    async with product(charlie.token) as client:
        yield client
