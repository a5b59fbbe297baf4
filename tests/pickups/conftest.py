"""alice and charlie with carrier accounts, and carriers that do what the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from portside.jobs.drain import drain
from tests.support.cast import Person
from tests.support.dispatch import DispatchCarrier, dispatchers_installed
from tests.support.labelling import with_carrier_accounts


@pytest.fixture(autouse=True)
async def accounts(alice: Person, charlie: Person) -> None:
    for person in (alice, charlie):
        await with_carrier_accounts(person)


@pytest.fixture
async def usps(accounts: None) -> AsyncIterator[DispatchCarrier]:
    """USPS, ready to do as it is told; what other tests have left to do is done before."""
    await drain(lanes=["fast"])
    with dispatchers_installed() as carrier:
        yield carrier
