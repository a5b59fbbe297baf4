"""Rates in Shippo's shapes."""

from __future__ import annotations

import msgspec

from portside.errors import FieldErrors
from portside.kit.clock import to_wire
from portside.kit.decimals import fixed
from portside.kit.money import is_convertible
from portside.kit.scope import Scope
from portside.rates.models import Attribute, Message, StoredRate
from portside.rates.rules import local_price


class MessageOut(msgspec.Struct, kw_only=True):
    """What a carrier had to say; `code` may be empty."""

    source: str
    code: str
    text: str


class ServiceLevelOut(msgspec.Struct, kw_only=True):
    name: str
    token: str
    terms: str
    extended_token: str
    parent_servicelevel: None = None


class RateOut(msgspec.Struct, kw_only=True):
    """A price for a shipment. `amount` is what the account pays, `amount_local` about the same in the currency of the
    recipient's country. The images are empty, because logos are their owners'."""

    object_created: str
    object_id: str
    object_owner: str
    shipment: str
    attributes: list[Attribute]
    amount: str
    currency: str
    amount_local: str
    currency_local: str
    provider: str
    provider_image_75: str
    provider_image_200: str
    servicelevel: ServiceLevelOut
    estimated_days: int | None
    arrives_by: str | None
    duration_terms: str
    messages: list[MessageOut]
    carrier_account: str
    test: bool
    zone: str | None
    included_insurance_price: str | None


class CoreRateOut(msgspec.Struct, kw_only=True):
    """A rate inside a transaction."""

    object_id: str
    amount: str
    currency: str
    amount_local: str
    currency_local: str
    provider: str
    servicelevel_name: str
    servicelevel_token: str
    carrier_account: str


def message_out(message: Message) -> MessageOut:
    return MessageOut(source=message.source, code=message.code, text=message.text)


def currency_given(text: str) -> str:
    """The currency in a path, in any case. Raises FieldErrors when there is no exchange rate for it."""
    currency = text.strip().upper()
    if not is_convertible(currency):
        raise FieldErrors({"currency_code": [f'"{text[:20]}" is not a currency that amounts can be converted to.']})
    return currency


def rate_out(rate: StoredRate, scope: Scope, currency: str | None = None) -> RateOut:
    """`currency`: show the local amount in that currency instead of the recipient's."""
    quote = rate.quote
    amount_local, currency_local = _local(rate, currency)
    included = quote.included_insurance_price
    return RateOut(
        object_created=to_wire(rate.created_at),
        object_id=rate.id,
        object_owner=scope.owner,
        shipment=rate.shipment_id,
        attributes=list(rate.attributes),
        amount=fixed(rate.amount, 2),
        currency=rate.currency,
        amount_local=amount_local,
        currency_local=currency_local,
        provider=rate.provider,
        provider_image_75="",
        provider_image_200="",
        servicelevel=ServiceLevelOut(
            name=quote.service_name,
            token=quote.service_token,
            terms=quote.terms,
            extended_token=quote.service_token,
        ),
        estimated_days=quote.estimated_days,
        arrives_by=quote.arrives_by,
        duration_terms=quote.duration_terms,
        messages=[],
        carrier_account=rate.carrier_account_id,
        test=scope.is_test,
        zone=quote.zone,
        included_insurance_price=None if included is None else fixed(included, 2),
    )


def core_rate_out(rate: StoredRate) -> CoreRateOut:
    amount_local, currency_local = _local(rate, None)
    return CoreRateOut(
        object_id=rate.id,
        amount=fixed(rate.amount, 2),
        currency=rate.currency,
        amount_local=amount_local,
        currency_local=currency_local,
        provider=rate.provider,
        servicelevel_name=rate.quote.service_name,
        servicelevel_token=rate.service_token,
        carrier_account=rate.carrier_account_id,
    )


def _local(rate: StoredRate, currency: str | None) -> tuple[str, str]:
    if currency is None:
        return fixed(rate.amount_local, 2), rate.currency_local
    amount, shown = local_price(rate.amount, rate.currency, currency)
    return fixed(amount, 2), shown
