"""Pure facts about rates: their order, which one is cheapest, fastest, best; when they run out; local money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from portside.carriers.contract import Quote
from portside.kit.money import convert
from portside.rates.models import Attribute

# A rate can be bought for this long, and read for that long.
PURCHASABLE = dt.timedelta(days=7)
RETRIEVABLE = dt.timedelta(days=390)

# One more day of waiting has to save this part of the price to be worth it.
_WORTH_OF_A_DAY = Decimal("0.1")
# Prices are compared in one currency; which one does not matter.
_COMMON = "USD"


def has_expired(created_at: dt.datetime, moment: dt.datetime) -> bool:
    """Whether a rate made then can no longer be bought."""
    return moment - created_at > PURCHASABLE


def price(quote: Quote) -> Decimal:
    """The quote's amount, comparable across currencies."""
    common = convert(quote.amount, quote.currency, _COMMON)
    return quote.amount if common is None else common


def shown_first(quote: Quote) -> tuple[Decimal, bool, int, str]:
    """The order of a shipment's rates: cheapest first; of two at one price the faster."""
    return price(quote), quote.estimated_days is None, quote.estimated_days or 0, quote.service_token


def attributes(quotes: Sequence[Quote]) -> list[tuple[Attribute, ...]]:
    """The attributes of each quote, in the order given (which settles ties); each goes to exactly one.

    CHEAPEST has the lowest price; FASTEST the fewest days, and nobody is it when no carrier says how long it takes;
    BESTVALUE the lowest price after adding a tenth for each day, unknown days counting as the slowest known.
    """
    if not quotes:
        return []
    everyone = range(len(quotes))
    known = [index for index in everyone if quotes[index].estimated_days is not None]
    slowest = max((quotes[index].estimated_days or 0 for index in known), default=0)

    def days(index: int) -> int:
        given = quotes[index].estimated_days
        return slowest if given is None else given

    winners: dict[Attribute, int] = {
        "BESTVALUE": min(everyone, key=lambda index: price(quotes[index]) * (1 + _WORTH_OF_A_DAY * days(index))),
        "CHEAPEST": min(everyone, key=lambda index: price(quotes[index])),
    }
    if known:
        winners["FASTEST"] = min(known, key=lambda index: (days(index), price(quotes[index])))
    return [tuple(name for name, winner in winners.items() if winner == index) for index in everyone]


def local_price(amount: Decimal, currency: str, wanted: str | None) -> tuple[Decimal, str]:
    """The amount in the wanted currency; as it is when there is no exchange rate to it."""
    local = None if wanted is None else convert(amount, currency, wanted)
    return (amount, currency) if local is None or wanted is None else (local, wanted)
