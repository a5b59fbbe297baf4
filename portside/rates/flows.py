"""Asking carriers for quotes: all accounts at once, none waiting for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.rules import credentials
from portside.carriers import client
from portside.carriers.catalogue import carrier_name
from portside.carriers.contract import CallContext, Quote, RateQuery
from portside.carriers.errors import CarrierError
from portside.kit.crypto import CannotOpen
from portside.kit.money import currency_of
from portside.rates.models import Message, Offer, Offers
from portside.rates.rules import shown_first
from portside.terms.models import Terms
from portside.terms.rules import charged, why_not, why_not_carrier


async def shop(query: RateQuery, accounts: Sequence[CarrierAccount], budget: float, *, terms: Terms | None) -> Offers:
    """What each carrier account offers, at the prices of the account's terms. Each may take `budget` seconds; who
    refuses or is late becomes a message, and so does a carrier that the terms do not allow, which is not asked.

    Two accounts of one carrier are asked separately, because their prices differ.
    """
    barred = {account.carrier: why_not_carrier(terms, account.carrier) for account in accounts}
    asked = [account for account in accounts if barred[account.carrier] is None]
    answers = await asyncio.gather(*(_ask(query, account, budget, terms) for account in asked))
    refused = [_refusal(carrier, text) for carrier, text in barred.items() if text is not None]
    if not accounts:
        refused = [Message(source="Portside", code="", text="There is no active carrier account to ask.")]
    offers = [offer for answer in answers for offer in answer if isinstance(offer, Offer)]
    messages = [message for answer in answers for message in answer if isinstance(message, Message)]
    return Offers(
        offers=tuple(sorted(offers, key=lambda offer: shown_first(offer.quote))),
        messages=(*messages, *refused),
        currency_local=currency_of(query.ship_to.country),
        partner_id=None if terms is None else terms.partner_id,
    )


async def _ask(query: RateQuery, account: CarrierAccount, budget: float, terms: Terms | None) -> list[Offer | Message]:
    provider = carrier_name(account.carrier)
    try:
        # A retry of the client must fit into the budget too.
        async with asyncio.timeout(budget):
            context = CallContext(credentials=credentials(account), timeout=budget)
            quotes = await client.rates(account.carrier, query, context)
    except CarrierError as refusal:
        return [Message(source=provider, code=refusal.code, text=refusal.text)]
    except TimeoutError:
        text = f"{provider} did not answer within {budget:g} seconds."
        return [Message(source=provider, code="carrier_timeout", text=text)]
    except CannotOpen:
        text = f"The parameters of the {provider} account cannot be read. Enter them again."
        return [Message(source=provider, code="", text=text)]
    if not quotes:
        return [Message(source=provider, code="", text=f"{provider} offers no service for this shipment.")]
    return _priced(quotes, account, terms)


def _priced(quotes: Sequence[Quote], account: CarrierAccount, terms: Terms | None) -> list[Offer | Message]:
    """What of a carrier's quotes the terms allow, at their prices."""
    carrier, provider = account.carrier, carrier_name(account.carrier)
    allowed = [quote for quote in quotes if why_not(terms, carrier, quote.service_token) is None]
    if not allowed:
        return [_refusal(carrier, f"{provider} offers no service for this shipment that your platform allows.")]
    found: list[Offer | Message] = []
    unpriced: dict[str, Message] = {}
    for quote in allowed:
        amount = charged(terms, carrier, quote.service_token, quote.amount, quote.currency)
        if amount is None:
            text = f"{provider} asks for {quote.currency}, to which your platform's prices cannot be converted."
            unpriced[quote.currency] = _refusal(carrier, text)
            continue
        shown = msgspec.structs.replace(quote, amount=amount)
        offer = Offer(carrier_account_id=account.id, carrier=carrier, provider=provider, quote=shown, cost=quote.amount)
        found.append(offer)
    return [*found, *unpriced.values()]


def _refusal(carrier: str, text: str) -> Message:
    return Message(source=carrier_name(carrier), code="", text=text)
