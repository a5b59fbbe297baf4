"""What a price is like in another country's money."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from string import ascii_uppercase

import pytest

from portside.kit import money
from portside.simulator.countries import find_country


@pytest.mark.parametrize(
    ("country", "currency"), [("US", "USD"), ("DE", "EUR"), ("BG", "EUR"), ("GB", "GBP"), ("LI", "CHF"), ("SN", "XOF")]
)
def test_a_country_has_its_currency(country: str, currency: str) -> None:
    assert money.currency_of(country) == currency


def test_nearly_every_country_has_one() -> None:
    codes = [first + second for first, second in product(ascii_uppercase, repeat=2)]
    listed = [code for code in codes if find_country(code)]
    assert len(listed) > 240
    assert {code for code in listed if money.currency_of(code) is None} <= {"AQ"}


def test_no_country_uses_two() -> None:
    listed = [country for _, *row in money._rows(money._USED_IN) for country in row]
    assert len(listed) == len(set(listed))


def test_every_exchange_rate_is_of_a_currency_in_use() -> None:
    assert money._per_euro().keys() <= set(money._currencies().values())


def test_conversion_keeps_the_same_currency_and_goes_there_and_back() -> None:
    assert money.convert(Decimal("12.345"), "USD", "USD") == Decimal("12.345")
    there = money.convert(Decimal("100"), "USD", "JPY")
    assert there is not None and 12_000 < there < 20_000
    back = money.convert(there, "JPY", "USD")
    assert back is not None and abs(back - 100) < Decimal("0.02")


def test_a_peg_is_exact_against_its_anchor() -> None:
    assert money.convert(Decimal("8"), "USD", "SAR") == Decimal("30.00")


def test_without_a_rate_there_is_no_conversion() -> None:
    assert money.convert(Decimal(1), "USD", "KPW") is None
    assert money.convert(Decimal(1), "XXX", "USD") is None
    assert not money.is_convertible("usd")
