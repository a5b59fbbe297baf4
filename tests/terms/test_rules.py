"""What an account is charged, as a function."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portside.kit.ids import Id
from portside.kit.money import convert, places
from portside.terms.models import Discount, Markup, Money, PriceRule, Terms
from portside.terms.rules import charged, why_not, why_not_carrier

PARTNER = Id("0" * 32)

costs = st.decimals(0, 5000, places=4)
percents = st.decimals(0, 1000, places=4)


@st.composite
def money(draw: st.DrawFn) -> Money:
    currency = draw(st.sampled_from(("USD", "EUR", "JPY", "GBP")))
    step = places(currency)
    return Money(draw(st.integers(0, 10_000)) * step, currency)


markups = st.builds(Markup, percent=percents, fixed=st.none() | money(), minimum=st.none() | money())
terms_of_all_kinds = st.builds(
    Terms,
    partner_id=st.just(PARTNER),
    rule=st.builds(
        PriceRule,
        general=markups,
        carriers=st.dictionaries(st.sampled_from(("usps", "ups")), markups),
        services=st.dictionaries(st.sampled_from(("usps_priority", "ups_ground")), markups),
    ),
    discount=st.builds(
        Discount,
        percent=st.decimals(0, 100, places=4),
        carriers=st.dictionaries(st.just("usps"), st.decimals(0, 100, places=4)),
    ),
)


def price(terms: Terms | None, cost: Decimal | str, currency: str = "USD", service: str = "usps_priority") -> Decimal:
    found = charged(terms, service.partition("_")[0], service, Decimal(cost), currency)
    assert found is not None
    return found


def rule(**fields: object) -> Terms:
    return Terms(partner_id=PARTNER, rule=PriceRule(general=Markup(**fields)))  # type: ignore[arg-type]


@given(terms_of_all_kinds, costs, st.sampled_from(("USD", "EUR", "JPY", "GBP")))
def test_a_price_is_payable_and_never_below_its_minimum(terms: Terms, cost: Decimal, currency: str) -> None:
    amount = price(terms, cost, currency)
    holding = terms.rule.services.get("usps_priority") or terms.rule.carriers.get("usps") or terms.rule.general
    untouched = amount == cost and holding == Markup()
    assert amount >= 0
    assert untouched or amount == amount.quantize(places(currency))
    if holding.minimum is not None:
        least = convert(holding.minimum.amount, holding.minimum.currency, currency)
        assert least is not None and amount >= least


@given(terms_of_all_kinds, costs, costs, st.sampled_from(("USD", "EUR", "JPY")))
def test_what_costs_more_is_never_charged_less(terms: Terms, one: Decimal, other: Decimal, currency: str) -> None:
    low, high = sorted((one, other))
    assert price(terms, low, currency) <= price(terms, high, currency)


@given(percents, costs)
def test_a_percentage_is_exact_to_the_cent(percent: Decimal, cost: Decimal) -> None:
    exact = cost + cost * percent / 100
    shown = price(rule(percent=percent), cost)
    assert shown == (exact.quantize(Decimal("0.01"), ROUND_HALF_UP) if percent else cost)
    assert not percent or abs(shown - exact) <= Decimal("0.005")


@given(costs)
def test_without_a_word_on_prices_the_price_is_the_carriers(cost: Decimal) -> None:
    assert price(None, cost) == price(Terms(partner_id=PARTNER), cost) == cost


@pytest.mark.parametrize(
    ("terms", "cost", "currency", "amount"),
    [
        (rule(percent=Decimal("12.5")), "8.70", "USD", "9.79"),
        # 10.005 is a tie: half up.
        (rule(percent=Decimal("0.05")), "10.00", "USD", "10.01"),
        (rule(fixed=Money(Decimal("0.75"), "USD")), "8.70", "USD", "9.45"),
        (rule(minimum=Money(Decimal("12"), "USD")), "8.70", "USD", "12"),
        (rule(minimum=Money(Decimal("5"), "USD")), "8.70", "USD", "8.70"),
        (rule(percent=Decimal(10), fixed=Money(Decimal(1), "USD")), "8.70", "USD", "10.57"),
        # There is no half a yen; 1 USD is 163.1 / 1.039 of them.
        (rule(percent=Decimal("0.05")), "1010", "JPY", "1011"),
        (rule(minimum=Money(Decimal(1), "USD")), "10", "JPY", "157"),
        (rule(fixed=Money(Decimal("1"), "EUR")), "8.70", "USD", "9.74"),
    ],
)
def test_prices_as_a_person_would_reckon_them(terms: Terms, cost: str, currency: str, amount: str) -> None:
    assert price(terms, cost, currency) == Decimal(amount)


def test_the_discount_comes_first_and_a_carriers_own_replaces_it() -> None:
    terms = Terms(
        partner_id=PARTNER,
        discount=Discount(percent=Decimal(10), carriers={"ups": Decimal(50)}),
        rule=PriceRule(general=Markup(percent=Decimal(20), fixed=Money(Decimal(1), "USD"))),
    )
    assert price(terms, "10.00") == Decimal("11.80")
    assert price(terms, "10.00", service="ups_ground") == Decimal("7.00")


def test_the_closest_markup_holds_alone() -> None:
    terms = Terms(
        partner_id=PARTNER,
        rule=PriceRule(
            general=Markup(fixed=Money(Decimal(1), "USD")),
            carriers={"usps": Markup(percent=Decimal(10))},
            services={"usps_priority": Markup()},
        ),
    )
    assert price(terms, "10.00", service="ups_ground") == Decimal(11)
    assert price(terms, "10.00", service="usps_ground_advantage") == Decimal(11)
    assert price(terms, "10.00") == Decimal(10)


def test_an_amount_that_cannot_be_converted_makes_no_price() -> None:
    terms = rule(fixed=Money(Decimal(1), "USD"))
    assert charged(terms, "usps", "usps_priority", Decimal(5), "KWD") is None


def test_what_is_not_allowed_says_why() -> None:
    terms = Terms(
        partner_id=PARTNER, allowed_carriers=frozenset({"usps"}), allowed_services=frozenset({"usps_priority"})
    )
    assert why_not(terms, "usps", "usps_priority") is None and why_not_carrier(terms, "usps") is None
    assert "usps_first" in str(why_not(terms, "usps", "usps_first"))
    assert "UPS" in str(why_not(terms, "ups", "ups_ground")) and "UPS" in str(why_not_carrier(terms, "ups"))
    nothing_of_ups = Terms(partner_id=PARTNER, allowed_services=frozenset({"usps_priority"}))
    assert "none of the services" in str(why_not_carrier(nothing_of_ups, "ups"))
    assert why_not(None, "ups", "ups_ground") is None
