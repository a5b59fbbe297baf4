"""paula's platform, a merchant that it manages, and carriers with a tariff that can be reckoned in the head:
6.20 and 8.70 (USPS), 7.455 and 31.00 (UPS) for a parcel of one pound."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from tests.support.labelling import LabelCarrier, carriers_installed
from tests.support.partners import Partner, make_partner
from tests.support.terms import MANAGED

Maker = Callable[..., httpx.AsyncClient]


@pytest.fixture
def usps(product: object) -> Iterator[LabelCarrier]:
    """USPS, ready to sell; UPS is installed with it."""
    with carriers_installed() as carrier:
        yield carrier


@pytest.fixture
async def paula(product: object) -> Partner:
    return await make_partner()


@pytest.fixture
async def platform(product: Maker, paula: Partner) -> AsyncIterator[httpx.AsyncClient]:
    """paula's client in test mode."""
    async with product(paula.person.token) as client:
        yield client


@pytest.fixture
async def merchant(platform: httpx.AsyncClient) -> str:
    """An account that paula manages."""
    answer = await platform.post("/shippo-accounts", json=MANAGED)
    return str(answer.json()["object_id"])


@pytest.fixture
async def acting(product: Maker, paula: Partner, merchant: str) -> AsyncIterator[httpx.AsyncClient]:
    """paula's client, acting for the merchant."""
    async with product(paula.person.token, **{"SHIPPO-ACCOUNT-ID": merchant}) as client:
        yield client
