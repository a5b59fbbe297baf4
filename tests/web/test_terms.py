"""A connected merchant's pages follow the terms that the platform has settled, and show nothing of what it earns."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import httpx

from portside.jobs.drain import drain
from tests.support.cast import Person
from tests.support.labelling import carriers_installed
from tests.support.partners import grant, make_partner
from tests.support.terms import settled
from tests.web.conftest import Browser
from tests.web.test_order_page import Desk, attribute
from tests.web.test_orders import push


async def test_rates_and_format_are_the_platforms(
    product: Callable[..., httpx.AsyncClient], at_desk: Browser, api: httpx.AsyncClient, alice: Person
) -> None:
    paula = await make_partner()
    await grant(alice.scope, paula.app)
    async with product(paula.person.token) as platform:
        rule = {"percent": "10"}
        terms = {"price_rule": rule, "allowed_services": ["usps_priority"], "label_format": "PNG_2.3x7.5"}
        await settled(platform, alice.account_id, **terms)
        with carriers_installed() as usps:
            desk = Desk(at_desk, await push(api, order_number="#1068"))
            await desk.say_sender()
            rates = await desk.rated()
            assert "$9.57" in rates and "$8.70" not in rates
            assert "UPS has none of the services that your platform allows." in rates
            assert 'value="PNG_2.3x7.5" selected' in rates
            bought = await desk.buy(attribute(rates, "value", "checked"), "PNG_2.3x7.5")
            assert bought.status_code == 200, bought.text
            # Barred before a worker came to buy it.
            await settled(platform, alice.account_id, allowed_carriers=["ups"])
            await drain()
            page = unescape(await desk.page())
        assert "USPS is not among the carriers that your platform allows." in page and usps.purchases == []
        assert (await platform.get("/partner/ledger")).json()["results"] == []
