"""A carrier of the tests' own: deterministic quotes, and told what to do by the test that made it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from portside.carriers.contract import (
    BuyLabel,
    CallContext,
    Capability,
    Limits,
    Purchase,
    Quote,
    RateQuery,
    TrackSnapshot,
)
from portside.carriers.errors import CarrierError


class Tariff(msgspec.Struct, frozen=True):
    """One service: price per started kilogram, and days."""

    token: str
    name: str
    per_kilogram: Decimal
    days: int | None


USPS_TARIFF = (
    Tariff("usps_ground_advantage", "Ground Advantage", Decimal("6.20"), 4),
    Tariff("usps_priority", "Priority Mail", Decimal("8.70"), 2),
)
UPS_TARIFF = (
    Tariff("ups_ground", "Ground", Decimal("7.455"), 3),
    Tariff("ups_next_day_air_saver", "Next Day Air Saver", Decimal("31.00"), 1),
)


class TariffCarrier:
    """Quotes its tariff for every shipment, unless told to refuse, to be slow, or to break."""

    capabilities: frozenset[Capability] = frozenset({"rates"})
    limits = Limits(parcel_grams=70_000, parcels=50, address_line_length=35)

    def __init__(self, token: str, name: str, tariff: tuple[Tariff, ...], currency: str = "USD") -> None:
        self.token = token
        self.name = name
        self.tariff = tariff
        self.currency = currency
        self.asked: list[tuple[RateQuery, CallContext]] = []
        self.refusal: CarrierError | None = None
        self.defect: Exception | None = None
        self.waits_for: asyncio.Event | None = None
        self.on_asked: asyncio.Event | None = None

    @property
    def services(self) -> Mapping[str, str]:
        return {service.token: service.name for service in self.tariff}

    def tracking_url(self, tracking_number: str) -> str:
        return f"https://{self.token}.example/{tracking_number}"

    async def check_credentials(self, context: CallContext) -> None:
        """Every account is accepted."""

    async def rates(self, query: RateQuery, context: CallContext) -> tuple[Quote, ...]:
        self.asked.append((query, context))
        if self.on_asked is not None:
            self.on_asked.set()
        if self.waits_for is not None:
            await self.waits_for.wait()
        if self.refusal is not None:
            raise self.refusal
        if self.defect is not None:
            raise self.defect
        kilograms = -(-sum(parcel.grams for parcel in query.parcels) // 1000)
        return tuple(
            Quote(
                service_token=service.token,
                service_name=service.name,
                amount=service.per_kilogram * kilograms,
                currency=self.currency,
                estimated_days=service.days,
                zone="4",
                rating={"kilograms": kilograms, "account": context.credentials.number},
            )
            for service in self.tariff
        )

    async def buy(self, purchase: BuyLabel, context: CallContext) -> Purchase:
        raise CarrierError("unserviceable", f"{self.name} sells nothing.")

    async def find(self, reference: str, context: CallContext) -> Purchase | None:
        return None

    async def void(self, carrier_reference: str, context: CallContext, tracking_number: str | None = None) -> None:
        """Nothing was ever bought."""

    async def track(self, tracking_number: str, context: CallContext) -> TrackSnapshot | None:
        return None
