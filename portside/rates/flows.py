"""Asking carriers for quotes: all accounts at once, none waiting for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.rules import credentials
from portside.carriers import client
from portside.carriers.catalogue import carrier_name
from portside.carriers.contract import CallContext, RateQuery
from portside.carriers.errors import CarrierError
from portside.kit.crypto import CannotOpen
from portside.kit.money import currency_of
from portside.rates.models import Message, Offer, Offers
from portside.rates.rules import shown_first


async def shop(query: RateQuery, accounts: Sequence[CarrierAccount], budget: float) -> Offers:
    """What each carrier account offers. Each may take `budget` seconds; who refuses or is late becomes a message.

    Two accounts of one carrier are asked separately, because their prices differ.
    """
    if not accounts:
        nobody = Message(source="Portside", code="", text="There is no active carrier account to ask.")
        return Offers(offers=(), messages=(nobody,), currency_local=currency_of(query.ship_to.country))
    answers = await asyncio.gather(*(_ask(query, account, budget) for account in accounts))
    offers = [offer for answer in answers for offer in answer if isinstance(offer, Offer)]
    return Offers(
        offers=tuple(sorted(offers, key=lambda offer: shown_first(offer.quote))),
        messages=tuple(message for answer in answers for message in answer if isinstance(message, Message)),
        currency_local=currency_of(query.ship_to.country),
    )


async def _ask(query: RateQuery, account: CarrierAccount, budget: float) -> list[Offer | Message]:
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
    return [
        Offer(carrier_account_id=account.id, carrier=account.carrier, provider=provider, quote=quote)
        for quote in quotes
    ]
