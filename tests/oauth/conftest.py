"""paula's app, and a client without credentials that calls the token endpoints."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tests.oauth.parties import Partner, make_partner

Maker = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def partner(product: object) -> Partner:
    """paula's app: live, and approved."""
    return await make_partner("paula")


@pytest.fixture
async def rival(product: object) -> Partner:
    """Another partner's app."""
    return await make_partner("rival")


@pytest.fixture
async def server(product: Maker) -> AsyncIterator[httpx.AsyncClient]:
    """The partner's server, before it has a token."""
    async with product() as client:
        yield client
