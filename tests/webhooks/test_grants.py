"""What waits for an app when the merchant grants it less than before."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.oauth import parties
from tests.support.cast import Person
from tests.webhooks.conftest import Receive, happen, let_time_pass, subscribe, work
from tests.webhooks.receivers import Receiver, says
from tests.webhooks.test_apps import due_now

Product = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def paula(product: object) -> parties.Partner:
    return await parties.make_partner("paula")


async def test_what_waits_and_is_not_granted_any_more_is_not_sent(
    receive: Receive, paula: parties.Partner, product: Product, alice: Person, charlie: Person
) -> None:
    one, every = await receive(says(503)), await receive(says(503))
    async with product() as server:
        token = await parties.connect(server, paula, alice)
        await parties.connect(server, paula, charlie)
    async with product(token) as acting, product(paula.person.token) as platform:
        hooks = [await subscribe(acting, one), await subscribe(platform, every, app=paula.app.client_id)]
        moved, bought = await happen(alice.scope, "track_updated"), await happen(alice.scope, "transaction_created")
        others = await happen(charlie.scope, "transaction_created")
        await work()
        await parties.consent(paula, alice, scopes="tracking:read")
        for receiver, hook in zip((one, every), hooks, strict=True):
            receiver.answer, receiver.got[:] = says(200), []
            await let_time_pass(hook)
            await due_now(hook)
        await work()
    assert ids(one) == {moved} and ids(every) == {moved, others} and bought not in ids(every)


def ids(receiver: Receiver) -> set[str]:
    return {got.id for got in receiver.got}
