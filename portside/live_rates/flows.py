"""Rates at checkout: read what the account has set up, ask the carriers with no transaction open, write nothing."""

from __future__ import annotations

from collections.abc import Sequence

from portside.db.begin import reading
from portside.kit.money import currency_of
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.live_rates import queries, wire
from portside.live_rates.models import LiveRate
from portside.live_rates.rules import options
from portside.rates.flows import shop
from portside.rates.models import Message, Offers


async def offer(scope: Scope, given: wire.LiveRateIn) -> tuple[list[LiveRate], Sequence[Message]]:
    """The options of a cart's buyer, cheapest first, and what carriers said instead of prices. Raises FieldErrors."""
    settings = services().settings
    lines = wire.cart(given.line_items, settings.max_line_items)
    async with reading() as tx:
        setup = await queries.find_setup(tx, scope, wire.wanted(given))
    checkout = wire.checkout(given, lines, setup)
    if checkout.query is None:
        offers = Offers(offers=(), messages=(), currency_local=currency_of(checkout.country))
    else:
        budget = settings.rate_budget_seconds
        offers = await shop(checkout.query, setup.accounts, budget, terms=setup.terms)
    return options(setup.groups, checkout.lines, offers), offers.messages
