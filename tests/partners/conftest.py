"""paula, whose platform manages accounts for two merchants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.support.cast import Person, make_person

Maker = Callable[..., httpx.AsyncClient]

MERCHANT = {"email": "hippo@example.com", "first_name": "Mr", "last_name": "Hippo", "company_name": "Hippo Hats"}


async def opened(api: httpx.AsyncClient, **changes: str) -> dict[str, Any]:
    """A new managed account."""
    answer = await api.post("/shippo-accounts", json=MERCHANT | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.fixture
async def paula(product: object) -> Person:
    """The partner."""
    return await make_person("paula")


@pytest.fixture
async def platform(product: Maker, paula: Person) -> AsyncIterator[httpx.AsyncClient]:
    """paula's client in test mode, on her own account."""
    async with product(paula.token) as client:
        yield client


@pytest.fixture
async def merchant(platform: httpx.AsyncClient) -> dict[str, Any]:
    """A managed account of paula's."""
    return await opened(platform)


@pytest.fixture
async def acting(product: Maker, paula: Person, merchant: dict[str, Any]) -> AsyncIterator[httpx.AsyncClient]:
    """paula's client, acting for the merchant."""
    async with product(paula.token, **{"SHIPPO-ACCOUNT-ID": merchant["object_id"]}) as client:
        yield client


@pytest.fixture
async def sibling(product: Maker, paula: Person, platform: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """paula's client, acting for another merchant."""
    other = await opened(platform, email="rhino@example.com")
    async with product(paula.token, **{"SHIPPO-ACCOUNT-ID": other["object_id"]}) as client:
        yield client
