"""Pure facts about parcels: which sizes are sizes, and what a carrier is told of a parcel."""

from __future__ import annotations

from decimal import Decimal

from portside.carriers import contract
from portside.kit.units import grams, millimetres
from portside.parcels.models import CashOnDelivery, Insurance, Parcel

# Shippo's Decimal(10, 4).
_WHOLE_DIGITS = 6
_PLACES = 4


def size_error(text: str, *, may_be_zero: bool = False) -> str | None:
    """What is wrong with a plain decimal number as a size or a weight; None if nothing is."""
    if Decimal(text) < 0 or not (may_be_zero or Decimal(text)):
        return f"Ensure this value is greater than {'or equal to ' if may_be_zero else ''}0."
    whole, _, fraction = text.partition(".")
    if len(whole.lstrip("0")) > _WHOLE_DIGITS:
        return f"Ensure that there are no more than {_WHOLE_DIGITS} digits before the decimal point."
    if len(fraction.rstrip("0")) > _PLACES:
        return f"Ensure that there are no more than {_PLACES} decimal places."
    return None


def carrier_parcel(parcel: Parcel) -> contract.Parcel:
    """The parcel as carriers are asked for it: whole millimetres, whole grams rounded up."""
    unit, extra = parcel.distance_unit, parcel.extra
    return contract.Parcel(
        length_mm=millimetres(parcel.length, unit),
        width_mm=millimetres(parcel.width, unit),
        height_mm=millimetres(parcel.height, unit),
        grams=grams(parcel.weight, parcel.mass_unit),
        template=parcel.template,
        insurance=carrier_insurance(extra.insurance) if extra.insurance else None,
        cod=carrier_cod(extra.cod) if extra.cod else None,
        reference_1=extra.reference_1,
        reference_2=extra.reference_2,
    )


def carrier_insurance(insurance: Insurance) -> contract.Insurance:
    return contract.Insurance(
        amount=Decimal(insurance.amount),
        currency=insurance.currency,
        content=insurance.content,
        provider=insurance.provider or "",
    )


def carrier_cod(cod: CashOnDelivery) -> contract.CashOnDelivery:
    return contract.CashOnDelivery(amount=Decimal(cod.amount), currency=cod.currency, payment_method=cod.payment_method)
