"""Pure facts about checkouts: what a cart is worth and weighs, and which options a service group makes of rates."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

import msgspec

from portside.kit.money import convert
from portside.kit.units import grams
from portside.live_rates.models import CartLine, LiveRate
from portside.parcels.models import Parcel
from portside.rates.models import Offer, Offers
from portside.rates.rules import local_price, shown_first
from portside.service_groups.models import GroupDetails, ServiceGroup

_CENT = Decimal("0.01")
# Options are compared in one currency; which one does not matter.
_COMMON = "USD"


def cart_grams(lines: Sequence[CartLine]) -> int:
    """What the lines weigh together as far as it is known, in whole grams, rounded up."""
    known = (line.grams for line in lines if line.grams is not None)
    return int(sum(known, Decimal(0)).to_integral_value(ROUND_CEILING))


def cart_total(lines: Sequence[CartLine], currency: str) -> Decimal | None:
    """What the lines cost together, at indicative exchange rates; a line without a currency is in this one.

    None when a line is in a currency that there is no exchange rate for.
    """
    total = Decimal(0)
    for line in lines:
        price = convert(line.price, line.currency or currency, currency)
        if price is None:
            return None
        total += price
    return total


def packed(parcel: Parcel, items_grams: int) -> Parcel:
    """The parcel with the items in it: it weighs what it is said to weigh, and never less than they do."""
    if items_grams <= grams(parcel.weight, parcel.mass_unit):
        return parcel
    return msgspec.structs.replace(parcel, weight=str(items_grams), mass_unit="g")


def options(groups: Sequence[ServiceGroup], lines: Sequence[CartLine], offers: Offers) -> list[LiveRate]:
    """What the buyer can choose from, cheapest first. A group that does not apply to this cart is not among it."""
    found = [rate for group in groups if (rate := _option(group, lines, offers)) is not None]
    return sorted(found, key=lambda rate: (_comparable(rate), rate.title))


def _option(group: ServiceGroup, lines: Sequence[CartLine], offers: Offers) -> LiveRate | None:
    details = group.details
    if details.type == "FREE_SHIPPING":
        return _free(details, lines, offers.currency_local)
    if details.type == "LIVE_RATE" and (offer := _cheapest(group, offers.offers)) is not None:
        quote = offer.quote
        amount = adjusted(quote.amount, details.rate_adjustment or 0)
        return _live_rate(details, amount, quote.currency, offers.currency_local, quote.estimated_days)
    if details.flat_rate is None or details.flat_rate_currency is None:
        return None
    return _live_rate(details, Decimal(details.flat_rate), details.flat_rate_currency, offers.currency_local)


def _free(details: GroupDetails, lines: Sequence[CartLine], local: str | None) -> LiveRate | None:
    least, currency = details.free_shipping_threshold_min, details.free_shipping_threshold_currency
    if least is None or currency is None:
        return None
    total = cart_total(lines, currency)
    if total is None or total < Decimal(least):
        return None
    return _live_rate(details, Decimal(0), currency, local)


def _cheapest(group: ServiceGroup, offers: Sequence[Offer]) -> Offer | None:
    wanted = {(level.carrier_account_id, level.service_token) for level in group.service_levels}
    matching = [offer for offer in offers if (offer.carrier_account_id, offer.quote.service_token) in wanted]
    return min(matching, key=lambda offer: shown_first(offer.quote), default=None)


def adjusted(amount: Decimal, percent: int) -> Decimal:
    """The amount raised, or lowered below zero, by so many percent; to cents, half up."""
    return (amount * (100 + percent) / 100).quantize(_CENT, ROUND_HALF_UP)


def _live_rate(
    details: GroupDetails, amount: Decimal, currency: str, local: str | None, days: int | None = None
) -> LiveRate:
    amount_local, currency_local = local_price(amount, currency, local)
    return LiveRate(
        title=details.name,
        description=details.description,
        amount=amount,
        currency=currency,
        amount_local=amount_local,
        currency_local=currency_local,
        estimated_days=days,
    )


def _comparable(rate: LiveRate) -> Decimal:
    common = convert(rate.amount, rate.currency, _COMMON)
    return rate.amount if common is None else common
