"""A real server for each test process, and accounts for the clients that are tried on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import NamedTuple

import httpx
import pytest

from tests.support.database import fresh_database
from tests.support.patience import PATIENCE
from tests.support.process import Installation, Serving


class Merchant(NamedTuple):
    """Somebody who uses a client: where Portside is, and the token of their account."""

    url: str
    token: str


MerchantMaker = Callable[[str], Merchant]


@pytest.fixture(scope="session")
async def installation(tmp_path_factory: pytest.TempPathFactory, worker_name: str) -> AsyncIterator[Installation]:
    """One database for all clients of a test process."""
    dsn = await fresh_database(f"compat_{worker_name}")
    installed = Installation(dsn, tmp_path_factory.mktemp("compat"))
    yield installed
    installed.stop()


@pytest.fixture(scope="session")
def serving(installation: Installation) -> Serving:
    return installation.serve()


@pytest.fixture(scope="session")
def merchant_of(installation: Installation, serving: Serving) -> MerchantMaker:
    """Opens an account as an operator does, on the command line."""

    def make(name: str) -> Merchant:
        email = f"{name}@compat.example"
        installation.command("create-account", "--email", email, "--password", "a long enough secret")
        return Merchant(serving.url, installation.command("create-token", "--email", email, "--mode", "test"))

    return make


@pytest.fixture(scope="session")
def merchant(merchant_of: MerchantMaker) -> Merchant:
    """The account of the tests that speak HTTP themselves, and of the retired clients."""
    return merchant_of("alice")


@pytest.fixture(scope="session")
def http(merchant: Merchant) -> Iterator[httpx.Client]:
    """Plain HTTP with that account's token, no redirects, and no Accept of its own."""
    with httpx.Client(base_url=merchant.url, timeout=PATIENCE, trust_env=False) as client:
        client.headers["Authorization"] = f"ShippoToken {merchant.token}"
        del client.headers["Accept"]
        yield client
