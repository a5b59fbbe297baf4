"""Rate cards: a price table as a printed sheet (zones across, weights down) and how a price is read from it."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

import msgspec

OUNCES_PER_POUND = 16


class RateCard(msgspec.Struct, frozen=True):
    """One service's prices in cents by weight (rows, ounces up to) and zone (columns), and business days by zone."""

    zones: tuple[str, ...]
    days: tuple[int, ...]
    ounces: tuple[int, ...]
    cents: tuple[tuple[int, ...], ...]
    light_steps: tuple[int, ...]

    def serves(self, zone: str) -> bool:
        return zone in self.zones

    def transit_days(self, zone: str) -> int:
        return self.days[self.zones.index(zone)]

    def billed_ounces(self, ounces: Decimal) -> int:
        """The weight a price is looked up by: up to the next light step, beyond those up to the next whole pound."""
        for step in self.light_steps:
            if ounces <= step:
                return step
        return math.ceil(ounces / OUNCES_PER_POUND) * OUNCES_PER_POUND

    def price(self, zone: str, billed_ounces: int) -> int | None:
        """Cents for a billed weight, None above the last row. Between two rows it rises evenly, half a cent up."""
        column = self.zones.index(zone)
        low_ounces, low_cents = self.ounces[0], self.cents[0][column]
        for row_ounces, row in zip(self.ounces, self.cents, strict=True):
            if billed_ounces <= row_ounces:
                return _between(low_ounces, low_cents, row_ounces, row[column], billed_ounces)
            low_ounces, low_cents = row_ounces, row[column]
        return None


def _between(low_ounces: int, low_cents: int, high_ounces: int, high_cents: int, ounces: int) -> int:
    if ounces <= low_ounces or low_ounces == high_ounces:
        return low_cents
    share = Decimal(ounces - low_ounces) / (high_ounces - low_ounces)
    return low_cents + int((share * (high_cents - low_cents)).quantize(Decimal(1), ROUND_HALF_UP))


def read_card(sheet: str, *, light_steps: tuple[int, ...] = (OUNCES_PER_POUND,)) -> RateCard:
    """Read a printed sheet: a `zone` line, a `days` line, then one line per weight in ounces with dollars per zone."""
    zone_line, day_line, *weight_lines = (line.split() for line in sheet.strip().splitlines())
    return RateCard(
        zones=tuple(zone_line[1:]),
        days=tuple(int(cell) for cell in day_line[1:]),
        ounces=tuple(int(line[0]) for line in weight_lines),
        cents=tuple(tuple(to_cents(cell) for cell in line[1:]) for line in weight_lines),
        light_steps=light_steps,
    )


def to_cents(dollars: str) -> int:
    """`"8.05"` → 805."""
    return int(Decimal(dollars) * 100)


def to_dollars(cents: int) -> Decimal:
    """805 → `Decimal("8.05")`, always two decimals."""
    return (Decimal(cents) / 100).quantize(Decimal("0.01"))
