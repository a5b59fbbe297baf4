"""A shop that tells its buyers of test labels too, and everything stays in the mailbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from tests.support.buying import Shop
from tests.support.cast import Person
from tests.support.labelling import LabelCarrier, carriers_installed


@pytest.fixture
def carrier(product: object) -> Iterator[LabelCarrier]:
    with carriers_installed() as usps:
        yield usps


@pytest.fixture
async def shop(api: httpx.AsyncClient, alice: Person, carrier: LabelCarrier) -> Shop:
    return Shop(api, alice, carrier)


@pytest.fixture
async def visitor(product: Callable[..., httpx.AsyncClient]) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is signed in nowhere."""
    async with product(Accept="text/html") as client:
        yield client
