"""What platforms may write into terms: each check puts what is wrong into `errors`, by field, and gives the value."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from portside.accounts.rules import is_email
from portside.carriers.catalogue import CARRIERS, carrier_token, service_levels
from portside.carriers.registry import adapters
from portside.kit.money import is_convertible, places
from portside.terms.models import Money

# Beyond these it is a slip of the pen: a markup of eleven times the price, a label of a hundred thousand.
MOST_PERCENT = 1000
MOST_MONEY = 100_000
_PERCENT_PLACES = 4

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def percent(text: str | None, field: str, most: int, errors: dict[str, Any]) -> Decimal:
    """From 0 to `most`; nothing is 0."""
    number = Decimal(text or 0)
    if not 0 <= number <= most:
        errors[field] = [f"Ensure this value is between 0 and {most}."]
    elif -int(number.normalize().as_tuple().exponent) > _PERCENT_PLACES:
        errors[field] = [f"Ensure that there are no more than {_PERCENT_PLACES} decimal places."]
    return number


def money(text: str, code: str, field: str, errors: dict[str, Any]) -> Money:
    """An amount that the currency has, from nothing to MOST_MONEY."""
    amount, currency = Decimal(text), code.strip().upper()
    wrong: dict[str, Any] = {}
    if not is_convertible(currency):
        wrong["currency"] = [f'"{code[:20]}" is not a currency that amounts can be converted to.']
    if not 0 <= amount <= MOST_MONEY:
        wrong["amount"] = [f"Ensure this value is between 0 and {MOST_MONEY}."]
    elif amount != amount.quantize(places(currency)):
        wrong["amount"] = [f"Amounts in {currency} are multiples of {places(currency)}."]
    if wrong:
        errors[field] = [wrong]
    return Money(amount, currency)


def carrier(text: str, field: str, errors: dict[str, Any]) -> str | None:
    """The token of a carrier, which may be written in any case."""
    token = carrier_token(text)
    if token is None:
        errors[field] = [f'"{text[:60]}" is not a known carrier.']
    return token


def is_service(token: str, errors: dict[str, Any]) -> bool:
    """Whether a carrier has the service."""
    known = token in _carriers_of_services()
    if not known:
        errors[token[:60]] = [f'"{token[:60]}" is not a known service level.']
    return known


def carriers(given: Sequence[str] | None, errors: dict[str, Any]) -> tuple[str, ...] | None:
    """A list of allowed carriers, each once; None allows all."""
    if given is None:
        return None
    wrong: dict[str, Any] = {}
    tokens = [token for text in given if (token := carrier(text, text[:60], wrong))]
    _list_errors("allowed_carriers", given, wrong, errors)
    return tuple(dict.fromkeys(tokens))


def services(
    given: Sequence[str] | None, carriers: Collection[str] | None, errors: dict[str, Any]
) -> tuple[str, ...] | None:
    """A list of allowed services, each once and of an allowed carrier; None allows all."""
    if given is None:
        return None
    wrong: dict[str, Any] = {}
    for token in given:
        if is_service(token, wrong) and carriers and not _carriers_of_services()[token] & set(carriers):
            wrong[token] = [f'"{token}" is no service of an allowed carrier.']
    _list_errors("allowed_services", given, wrong, errors)
    return tuple(dict.fromkeys(given))


def _list_errors(field: str, given: Sequence[str], wrong: Mapping[str, Any], errors: dict[str, Any]) -> None:
    if not given:
        errors[field] = ["This list may not be empty. Leave it out to allow all."]
    elif wrong:
        errors[field] = [sentence for sentences in wrong.values() for sentence in sentences]


def looks(said: Mapping[str, str], errors: dict[str, Any]) -> None:
    """Colour, support e-mail and logo of a branding."""
    if said["color"] and not _COLOR.fullmatch(said["color"]):
        errors["color"] = ["Write the color like #1a2b3c."]
    if said["support_email"] and not is_email(said["support_email"]):
        errors["support_email"] = ["Enter a valid email address."]
    if said["logo_url"] and not _is_https(said["logo_url"]):
        errors["logo_url"] = ["Enter an https:// address without a user name."]


def _is_https(text: str) -> bool:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return False
    plain = text.isprintable() and not any(each in text for each in " \"'<>\\")
    return plain and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def name(text: str, errors: dict[str, Any]) -> None:
    """The name of a plan or a tier."""
    if not _NAME.fullmatch(text):
        errors["name"] = ["Names are of 1 to 40 lower-case letters, digits, dots, dashes and underscores."]


def _carriers_of_services() -> Mapping[str, frozenset[str]]:
    return _services_of(tuple(dict.fromkeys([*CARRIERS, *adapters()])))


@lru_cache(maxsize=4)
def _services_of(carriers: Iterable[str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for carrier in carriers:
        for service in service_levels(carrier):
            found[service.token] = found.get(service.token, frozenset()) | {carrier}
    return found
