"""Pure facts about terms: what may be used, and what it costs."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from portside.carriers.catalogue import carrier_name, service_levels
from portside.kit.money import convert, places
from portside.terms.models import Markup, Money, PriceRule, Settings, Terms

_HUNDRED = Decimal(100)


def why_not_carrier(terms: Terms | None, carrier: str) -> str | None:
    """Why a carrier may not be used at all; None when it may, or when one of its services may."""
    if terms is None:
        return None
    if terms.allowed_carriers is not None and carrier not in terms.allowed_carriers:
        return f"{carrier_name(carrier)} is not among the carriers that your platform allows."
    services = terms.allowed_services
    if services is not None and not any(service.token in services for service in service_levels(carrier)):
        return f"{carrier_name(carrier)} has none of the services that your platform allows."
    return None


def why_not(terms: Terms | None, carrier: str, service_token: str) -> str | None:
    """Why a service may not be used; None when it may."""
    barred = why_not_carrier(terms, carrier)
    if barred or terms is None or terms.allowed_services is None or service_token in terms.allowed_services:
        return barred
    return f"{service_token} is not among the services that your platform allows."


def charged(terms: Terms | None, carrier: str, service_token: str, cost: Decimal, currency: str) -> Decimal | None:
    """What the account is charged for a label that its carrier sells at `cost`, in the same currency.

    First the discount, then the markup; rounded half up to the currency's smallest unit, and never below the minimum.
    Without terms, and where terms say nothing of prices, it is the cost as it is. None when one of the rule's amounts
    cannot be converted to the currency.
    """
    if terms is None:
        return cost
    discount = terms.discount.carriers.get(carrier, terms.discount.percent)
    markup = closest(terms.rule, carrier, service_token)
    if not discount and markup == Markup():
        return cost
    fixed, minimum = _in(markup.fixed, currency), _in(markup.minimum, currency)
    if fixed is None or minimum is None:
        return None
    price = cost * (_HUNDRED - discount) / _HUNDRED * (_HUNDRED + markup.percent) / _HUNDRED + fixed
    step = places(currency)
    return max(price.quantize(step, ROUND_HALF_UP), minimum.quantize(step, ROUND_CEILING))


def closest(rule: PriceRule, carrier: str, service_token: str) -> Markup:
    """The markup that holds: the service's own, else the carrier's, else the general one."""
    return rule.services.get(service_token) or rule.carriers.get(carrier) or rule.general


def _in(money: Money | None, currency: str) -> Decimal | None:
    return Decimal(0) if money is None else convert(money.amount, money.currency, currency)


def changed_fields(before: Settings, after: Settings) -> list[str]:
    """The fields of settings in which the two differ."""
    return [name for name in Settings.__struct_fields__ if getattr(before, name) != getattr(after, name)]
