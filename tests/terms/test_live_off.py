"""Terms of live merchants, while the platform's app may not use live data."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from portside.apps.actions import approve_app
from portside.db.begin import begin
from tests.support.cast import Person
from tests.support.partners import Partner, grant
from tests.support.terms import settings_path, settled

Maker = Callable[..., httpx.AsyncClient]


async def test_a_live_merchant_is_out_of_reach_while_the_app_may_not_use_live_data(
    product: Maker, paula: Partner, alice: Person
) -> None:
    await grant(alice.live_scope, paula.app)
    async with product(paula.person.live_token) as live:
        await settled(live, alice.account_id, label_format="PNG")
        async with begin() as tx:
            await approve_app(tx, paula.app.client_id, False)
        path = settings_path(alice.account_id)
        assert (await live.get(path)).status_code == (await live.put(path, json={})).status_code == 404
        async with begin() as tx:
            await approve_app(tx, paula.app.client_id, True)
        assert (await live.get(path)).json()["label_format"] == "PNG"
