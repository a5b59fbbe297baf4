"""What a carrier is told of a parcel."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portside.kit.ids import new_id
from portside.kit.units import grams
from portside.parcels.models import CashOnDelivery, Insurance, Parcel, ParcelExtra
from portside.parcels.rules import carrier_parcel, size_error

PARCEL = Parcel(
    id=new_id(),
    length="10",
    width="8.25",
    height="0.01",
    distance_unit="in",
    weight="2",
    mass_unit="lb",
    template="USPS_SoftPack",
    extra=ParcelExtra(
        cod=CashOnDelivery(amount="20.00", currency="USD"),
        insurance=Insurance(amount="5", currency="USD", provider="UPS"),
        reference_1="one",
    ),
)


def test_inches_and_pounds_become_millimetres_and_grams_rounded_up() -> None:
    told = carrier_parcel(PARCEL)
    assert (told.length_mm, told.width_mm, told.height_mm) == (254, 210, 1)
    assert told.grams == 908
    assert told.template == "USPS_SoftPack" and told.reference_1 == "one" and told.reference_2 == ""


def test_the_extras_of_a_parcel_reach_the_carrier() -> None:
    told = carrier_parcel(PARCEL)
    assert told.insurance is not None and told.insurance.amount == 5 and told.insurance.provider == "UPS"
    assert told.cod is not None and told.cod.amount == Decimal("20.00") and told.cod.payment_method == "ANY"


@pytest.mark.parametrize(
    ("amount", "unit", "expected"), [("0.0001", "g", 1), ("1", "oz", 29), ("1.0001", "kg", 1001), ("16", "oz", 454)]
)
def test_weights_are_rounded_up(amount: str, unit: str, expected: int) -> None:
    assert grams(amount, unit) == expected  # type: ignore[arg-type]


@given(st.decimals(min_value="0.0001", max_value="999999.9999", places=4))
def test_every_size_of_ten_digits_is_a_size(number: Decimal) -> None:
    assert size_error(format(number, "f")) is None


@pytest.mark.parametrize("text", ["000000001.50000000", "999999.9999", "0.0001"])
def test_zeros_that_say_nothing_do_not_count_as_digits(text: str) -> None:
    assert size_error(text) is None
