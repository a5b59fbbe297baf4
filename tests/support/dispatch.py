"""A carrier that also takes labels back, closes days and fetches parcels, as the test that made it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from portside.carriers import registry
from portside.carriers.contract import (
    CallContext,
    Capability,
    ManifestForm,
    ManifestRequest,
    PickupBooking,
    PickupRequest,
)
from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.jobs.drain import drain
from tests.support.carriers import UPS_TARIFF, USPS_TARIFF
from tests.support.cast import Person
from tests.support.labelling import LabelCarrier, label_pdf, with_carrier_accounts


class DispatchCarrier(LabelCarrier):
    """`unwilling` is what it answers to everything but sales; `asked` holds all such calls, (operation, name)."""

    capabilities: frozenset[Capability] = LabelCarrier.capabilities | {"manifest", "pickup"}

    def __init__(self, token: str, name: str, tariff: object) -> None:
        super().__init__(token, name, tariff)
        self.unwilling: CarrierError | None = None
        self.asked_to: list[tuple[str, str]] = []
        self.manifests: list[ManifestRequest] = []
        self.pickups: list[PickupRequest] = []

    async def void(self, carrier_reference: str, context: CallContext, tracking_number: str | None = None) -> None:
        self._ask("void", tracking_number or carrier_reference)
        await super().void(carrier_reference, context, tracking_number)

    async def manifest(self, request: ManifestRequest, context: CallContext) -> ManifestForm:
        self._ask("manifest", request.reference)
        self.manifests.append(request)
        return ManifestForm(carrier_reference=f"M-{request.reference}", content=label_pdf("manifest"))

    async def book_pickup(self, request: PickupRequest, context: CallContext) -> PickupBooking:
        self._ask("pickup", request.reference)
        self.pickups.append(request)
        return PickupBooking(
            confirmation_code=f"P-{request.reference[-6:]}",
            start=request.start,
            end=request.end,
            cancel_by=request.end - dt.timedelta(hours=1),
            timezone="America/Los_Angeles",
        )

    async def cancel_pickup(self, confirmation_code: str, context: CallContext) -> None:
        self._ask("cancel", confirmation_code)

    def asked_for(self, operation: str) -> list[str]:
        """What it was asked to do so, in order."""
        return [name for done, name in self.asked_to if done == operation]

    def _ask(self, operation: str, name: str) -> None:
        self.asked_to.append((operation, name))
        if self.unwilling is not None:
            raise self.unwilling


@contextmanager
def dispatchers_installed() -> Iterator[DispatchCarrier]:
    """USPS and UPS of the test's own while the block runs; gives USPS."""
    usps, ups = DispatchCarrier("usps", "USPS", USPS_TARIFF), LabelCarrier("ups", "UPS", UPS_TARIFF)
    before = list(registry.adapters().values())
    registry.install([usps, ups])
    try:
        yield usps
    finally:
        registry.install(before)


async def next_try_comes(person: Person, table: str) -> None:
    """Let the time pass after which a carrier is asked again, and run the jobs."""
    async with begin() as tx:
        await tx.execute(f"UPDATE {table} SET next_try_at = now() WHERE account_id = $1", person.account_id)
        await tx.execute(
            "UPDATE jobs SET run_at = now() WHERE kind = $1 AND payload->>'account' = $2",
            f"{table}.carry_out",
            person.account_id,
        )
    await drain(lanes=["fast"])


@pytest.fixture(autouse=True)
async def accounts(alice: Person, charlie: Person) -> None:
    """Carrier accounts for both."""
    for person in (alice, charlie):
        await with_carrier_accounts(person)


@pytest.fixture
async def usps(accounts: None) -> AsyncIterator[DispatchCarrier]:
    """USPS, ready to do as it is told; what other tests have left to do is done before."""
    await drain(lanes=["fast"])
    with dispatchers_installed() as carrier:
        yield carrier
