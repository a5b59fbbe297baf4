"""An operator's own exchange rates, and what is wrong with a table that is none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from portside.kit import money


@pytest.fixture(autouse=True)
def built_in() -> Iterator[None]:
    yield
    money.install_rates(None)


def test_the_operators_table_replaces_the_built_in_one(tmp_path: Path) -> None:
    file = tmp_path / "rates.json"
    file.write_text('{"date": "2026-11-20", "per_euro": {"USD": "2", "PLN": 4.0}}')
    money.install_rates(money.read_rates(file))
    assert money.rates_date() == dt.date(2026, 11, 20)
    assert money.convert(Decimal(10), "USD", "PLN") == Decimal("20.00")
    assert money.convert(Decimal(10), "EUR", "USD") == Decimal("20.00")
    # Missing from the table; and one pegged to the dollar.
    assert not money.is_convertible("JPY")
    assert money.convert(Decimal(1), "USD", "BZD") == Decimal("2.00")
    money.install_rates(None)
    assert money.is_convertible("JPY") and money.rates_date() == money.RATES_OF


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"date": "soon", "per_euro": {}}',
        '{"date": "2026-11-20", "per_euro": {"usd": "1"}}',
        '{"date": "2026-11-20", "per_euro": {"USD": "0"}}',
        '{"date": "2026-11-20", "per_euro": {"USD": "NaN"}}',
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rates.json"
    file.write_text(text)
    with pytest.raises(money.WrongRates, match=r"rates\.json"):
        money.read_rates(file)
    with pytest.raises(money.WrongRates, match="missing"):
        money.read_rates(tmp_path / "missing")
