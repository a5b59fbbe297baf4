"""What an app hears of live data while it may not use it, and afterwards."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from portside.apps.actions import approve_app
from portside.db.begin import begin
from tests.support.cast import Person
from tests.support.partners import Partner, grant, make_partner
from tests.webhooks.conftest import Receive, happen, let_time_pass, subscribe, work
from tests.webhooks.receivers import says
from tests.webhooks.test_apps import due_now

Product = Callable[..., httpx.AsyncClient]


async def approve(partner: Partner, approved: bool) -> None:
    async with begin() as tx:
        await approve_app(tx, partner.app.client_id, approved)


async def test_an_app_hears_nothing_of_live_data_until_it_may_use_it_again(
    product: Product, receive: Receive, alice: Person
) -> None:
    paula = await make_partner()
    one, every, merchants = await receive(says(503)), await receive(says(503)), await receive(says(200))
    token = await grant(alice.live_scope, paula.app)
    async with (
        product(token) as acting,
        product(paula.person.live_token) as platform,
        product(alice.live_token) as merchant,
    ):
        hooks = [await subscribe(acting, one), await subscribe(platform, every, app=paula.app.client_id)]
        await subscribe(merchant, merchants)
    waits = await happen(alice.live_scope)
    await work()
    assert {got.id for got in one.got} == {got.id for got in every.got} == {waits}
    await approve(paula, False)
    for receiver, hook in zip((one, every), hooks, strict=True):
        receiver.answer, receiver.got[:] = says(200), []
        await let_time_pass(hook)
        await due_now(hook)
    between = await happen(alice.live_scope)
    await work()
    assert (one.got, every.got) == ([], [])
    await approve(paula, True)
    after = await happen(alice.live_scope)
    await work()
    assert [got.id for got in one.got] == [got.id for got in every.got] == [after]
    assert {got.id for got in merchants.got} == {waits, between, after}


async def test_test_data_goes_on(product: Product, receive: Receive, alice: Person) -> None:
    paula = await make_partner()
    receiver = await receive(says(200))
    async with product(await grant(alice.scope, paula.app)) as acting:
        await subscribe(acting, receiver)
    await approve(paula, False)
    event = await happen(alice.scope)
    await work()
    assert [got.id for got in receiver.got] == [event]
