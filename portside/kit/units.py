"""Weights and lengths in the units of the wire, as the whole grams and millimetres that carriers are asked with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Literal

MassUnit = Literal["g", "kg", "lb", "oz"]
DistanceUnit = Literal["cm", "in", "ft", "m", "mm", "yd"]

# Exact by definition (international yard and pound agreement, 1959).
_GRAMS: Mapping[str, Decimal] = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "lb": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
_MILLIMETRES: Mapping[str, Decimal] = {
    "mm": Decimal(1),
    "cm": Decimal(10),
    "m": Decimal(1000),
    "in": Decimal("25.4"),
    "ft": Decimal("304.8"),
    "yd": Decimal("914.4"),
}


def grams(amount: str | Decimal, unit: MassUnit) -> int:
    """Whole grams, rounded up: what is billed is never less than what is in the box."""
    return int((Decimal(amount) * _GRAMS[unit]).to_integral_value(ROUND_CEILING))


def in_unit(amount: str | Decimal, unit: MassUnit, wanted: MassUnit) -> Decimal:
    """The weight in another unit, to four decimals: `in_unit("1", "lb", "kg")` is 0.4536."""
    return (Decimal(amount) * _GRAMS[unit] / _GRAMS[wanted]).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def millimetres(amount: str | Decimal, unit: DistanceUnit) -> int:
    """Whole millimetres, to the nearest; of something, at least one."""
    exact = Decimal(amount) * _MILLIMETRES[unit]
    return max(int(exact.to_integral_value(ROUND_HALF_UP)), 1 if exact else 0)
