"""A carrier that sells labels and tells where parcels are, as the test that made it says."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import httpx
import msgspec
from reportlab.pdfgen.canvas import Canvas

from portside.carrier_accounts.actions import open_default_accounts
from portside.carriers import registry
from portside.carriers.contract import (
    BuyLabel,
    CallContext,
    Capability,
    Limits,
    Location,
    Piece,
    Purchase,
    Push,
    Scan,
    TrackSnapshot,
)
from portside.carriers.errors import CarrierError
from portside.db.begin import begin, reading
from portside.jobs.drain import drain
from portside.kit.clock import UTC
from portside.labels.models import FlaggedPurchase
from portside.labels.queries import list_flagged
from tests.support.carriers import UPS_TARIFF, USPS_TARIFF, TariffCarrier
from tests.support.cast import Person

FROM = {
    "name": "Alice",
    "street1": "1 Demo Wharf",
    "city": "San Francisco",
    "state": "CA",
    "zip": "94111",
    "country": "US",
}
TO = {
    "name": "Carla Example",
    "street1": "2 Sample Street",
    "city": "Chicago",
    "state": "IL",
    "zip": "60611",
    "country": "US",
}
PARCEL = {"length": "10", "width": "8", "height": "4", "distance_unit": "in", "weight": "1", "mass_unit": "lb"}
SHIPMENT: dict[str, Any] = {"address_from": FROM, "address_to": TO, "parcels": [PARCEL]}
PUSH_SECRET = "the carrier's word"
_FIRST_SCAN = dt.datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@lru_cache(maxsize=64)
def label_pdf(text: str) -> bytes:
    """A 4x6 inch label that says so."""
    output = io.BytesIO()
    canvas = Canvas(output, (288, 432), invariant=True)
    canvas.setFont("Helvetica", 20)
    canvas.drawString(20, 390, text)
    canvas.rect(20, 20, 248, 340)
    canvas.save()
    return output.getvalue()


class LabelCarrier(TariffCarrier):
    """Sells what it quotes. `refuses` fails the next purchases, `forgets` loses them unmade, `is_mute` makes them and
    loses the answer, `holds` keeps them waiting; `fails_to_tell` fails questions about the past."""

    capabilities: frozenset[Capability] = frozenset(
        {"rates", "labels", "find_by_reference", "void", "track", "push", "multi_piece"}
    )
    limits = Limits(parcel_grams=70_000, parcels=50, address_line_length=35)

    def __init__(self, token: str, name: str, tariff: Any) -> None:
        super().__init__(token, name, tariff)
        self.purchases: list[BuyLabel] = []
        self.sold: dict[str, Purchase] = {}
        self.voided: list[str] = []
        self.refuses: CarrierError | None = None
        self.forgets = False
        self.is_mute = False
        self.holds: asyncio.Event | None = None
        self.fails_to_tell: CarrierError | None = None
        self.content: bytes | None = None
        self.snapshots: dict[str, TrackSnapshot] = {}
        self.questions = 0

    async def buy(self, purchase: BuyLabel, context: CallContext) -> Purchase:
        self.purchases.append(purchase)
        if self.holds is not None:
            await self.holds.wait()
        if self.refuses is not None:
            raise self.refuses
        lost = CarrierError("timeout_unknown", f"{self.name} did not answer.", code="carrier_timeout")
        if self.forgets:
            raise lost
        self.sold[purchase.reference] = self._made(purchase)
        if self.is_mute:
            raise lost
        return self.sold[purchase.reference]

    def _made(self, purchase: BuyLabel) -> Purchase:
        numbers = [f"{self.token.upper()}{purchase.reference[-12:]}{n}" for n in range(len(purchase.query.parcels))]
        pieces = tuple(
            Piece(tracking_number=n, content=self.content or label_pdf(n[-6:]), content_format="PDF_4x6")
            for n in numbers
        )
        return Purchase(carrier_reference=f"C-{purchase.reference}", pieces=pieces, eta=_FIRST_SCAN)

    async def find(self, reference: str, context: CallContext) -> Purchase | None:
        if self.fails_to_tell is not None:
            raise self.fails_to_tell
        found = self.sold.get(reference)
        if found is not None and found.carrier_reference in self.voided:
            return msgspec.structs.replace(found, is_voided=True)
        return found

    async def void(self, carrier_reference: str, context: CallContext, tracking_number: str | None = None) -> None:
        self.voided.append(tracking_number or carrier_reference)

    async def track(self, tracking_number: str, context: CallContext) -> TrackSnapshot | None:
        self.questions += 1
        if self.fails_to_tell is not None:
            raise self.fails_to_tell
        return self.snapshots.get(tracking_number)

    def parse_push(self, headers: Mapping[str, str], body: bytes) -> Push:
        if headers.get("x-carrier-secret") != PUSH_SECRET:
            raise CarrierError("auth", "The signature is wrong.")
        try:
            given = json.loads(body)
            return Push(event_id=given["event"], tracking_number=given["number"])
        except (ValueError, KeyError, TypeError) as error:
            raise CarrierError("input", "The push cannot be read.") from error

    def tells(self, number: str, *scans: Scan, eta: dt.datetime | None = None) -> None:
        """Know these scans of a number from now on."""
        self.snapshots[number] = TrackSnapshot(carrier=self.token, tracking_number=number, scans=scans, eta=eta)


def scan(status: Any, substatus: str | None, hours: float, text: str = "", city: str = "Reno") -> Scan:
    """A scan so many hours after the first one possible."""
    return Scan(
        status=status,
        substatus=substatus,
        text=text or str(substatus),
        at=_FIRST_SCAN + dt.timedelta(hours=hours),
        location=Location(city=city, state="NV", zip="89501", country="US"),
        raw_code=f"{status}-{substatus}",
    )


@contextmanager
def carriers_installed() -> Iterator[LabelCarrier]:
    """USPS and UPS of the test's own while the block runs; gives USPS."""
    usps = LabelCarrier("usps", "USPS", USPS_TARIFF)
    before = list(registry.adapters().values())
    registry.install([usps, LabelCarrier("ups", "UPS", UPS_TARIFF)])
    try:
        yield usps
    finally:
        registry.install(before)


async def with_carrier_accounts(person: Person) -> None:
    """Give somebody the carrier accounts that everybody has."""
    async with begin() as tx:
        await open_default_accounts(tx, person.account_id)


async def rated(api: httpx.AsyncClient, **changes: Any) -> str:
    """A rate of a fresh shipment: the cheapest of USPS."""
    answer = await api.post("/shipments", json={**SHIPMENT, "async": False, **changes})
    assert answer.status_code == 201, answer.text
    rates = [rate for rate in answer.json()["rates"] if rate["provider"] == "USPS"]
    assert rates, answer.json()["messages"]
    return str(rates[0]["object_id"])


async def bought(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """A label of a fresh shipment."""
    answer = await api.post("/transactions", json={"rate": await rated(api), "async": False, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def events_of(person: Person, object_id: str = "") -> list[dict[str, Any]]:
    """The webhook bodies recorded for somebody, or for one object of theirs, in order."""
    async with reading() as tx:
        rows = await tx.fetch(
            "SELECT payload FROM events WHERE account_id = $1 AND ($2::uuid IS NULL OR object_id = $2) "
            "ORDER BY position",
            person.account_id,
            object_id or None,
        )
    return [json.loads(row["payload"]) for row in rows]


async def flagged_of(person: Person) -> list[FlaggedPurchase]:
    """Somebody's purchases that wait for a person."""
    async with reading() as tx:
        return [each for each in await list_flagged(tx, 1000) if each.account_id == person.account_id]


async def settle_time_comes(person: Person) -> None:
    """Let the time pass after which carriers are asked what became of purchases, and run the jobs."""
    async with begin() as tx:
        await tx.execute(
            "UPDATE purchases SET settle_after = now() - interval '1 second' WHERE account_id = $1", person.account_id
        )
        await tx.execute("UPDATE jobs SET run_at = now() WHERE kind = 'labels.buy'")
    await drain(lanes=["fast"])
