"""Which rate is the cheapest, the fastest and the best; in what order they are shown; what they are in local money."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portside.carriers.contract import Quote
from portside.kit.clock import UTC
from portside.rates import rules


def quote(amount: str, days: int | None, token: str = "s", currency: str = "USD") -> Quote:
    return Quote(
        service_token=token, service_name=token, amount=Decimal(amount), currency=currency, estimated_days=days
    )


QUOTES = st.lists(
    st.builds(
        quote,
        st.decimals(min_value=0, max_value=500, places=2).map(str),
        st.none() | st.integers(min_value=0, max_value=30),
    ),
    min_size=1,
    max_size=12,
)


@given(QUOTES)
def test_each_attribute_goes_to_exactly_one_rate(quotes: list[Quote]) -> None:
    given_out = [name for names in rules.attributes(quotes) for name in names]
    knows_days = any(one.estimated_days is not None for one in quotes)
    assert sorted(given_out) == ["BESTVALUE", "CHEAPEST"] + ["FASTEST"] * knows_days


@given(QUOTES)
def test_the_cheapest_is_the_first_shown(quotes: list[Quote]) -> None:
    shown = sorted(quotes, key=rules.shown_first)
    assert "CHEAPEST" in rules.attributes(shown)[0]
    assert shown[0].amount == min(one.amount for one in quotes)


def test_the_fastest_of_two_equally_fast_is_the_cheaper() -> None:
    assert rules.attributes([quote("30", 1), quote("20", 1), quote("5", 6)]) == [
        (),
        ("FASTEST",),
        ("BESTVALUE", "CHEAPEST"),
    ]


def test_a_little_more_for_much_less_waiting_is_the_best_value() -> None:
    assert rules.attributes([quote("6.00", 8), quote("7.00", 2), quote("40.00", 1)]) == [
        ("CHEAPEST",),
        ("BESTVALUE",),
        ("FASTEST",),
    ]


def test_nobody_is_the_fastest_when_nobody_knows() -> None:
    assert rules.attributes([quote("6", None), quote("7", None)]) == [("BESTVALUE", "CHEAPEST"), ()]
    assert rules.attributes([]) == []


def test_prices_in_different_currencies_are_compared_by_worth() -> None:
    yen, dollars = quote("900", 3, currency="JPY"), quote("20", 3)
    assert sorted([dollars, yen], key=rules.shown_first) == [yen, dollars]


def test_local_money() -> None:
    assert rules.local_price(Decimal("10"), "USD", "SAR") == (Decimal("37.50"), "SAR")
    assert rules.local_price(Decimal("10"), "USD", "USD") == (Decimal("10"), "USD")
    assert rules.local_price(Decimal("10"), "USD", "KPW") == (Decimal("10"), "USD")
    assert rules.local_price(Decimal("10"), "USD", None) == (Decimal("10"), "USD")


@pytest.mark.parametrize(("days", "expired"), [(0, False), (6.9, False), (7.1, True)])
def test_a_rate_can_be_bought_for_a_week(days: float, expired: bool) -> None:
    made = dt.datetime(2026, 3, 1, tzinfo=UTC)
    assert rules.has_expired(made, made + dt.timedelta(days=days)) is expired
