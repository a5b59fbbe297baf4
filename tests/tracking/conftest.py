"""alice and charlie with carrier accounts, and carriers that do what the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.cast import Person
from tests.support.labelling import LabelCarrier, carriers_installed, with_carrier_accounts


@pytest.fixture(autouse=True)
async def usps(alice: Person, charlie: Person) -> AsyncIterator[LabelCarrier]:
    """USPS, ready to sell."""
    for person in (alice, charlie):
        await with_carrier_accounts(person)
    with carriers_installed() as carrier:
        yield carrier
