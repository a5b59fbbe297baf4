"""An app that may not act on live data any more: what it was granted rests, and works again once it may."""

from __future__ import annotations

import itertools

import httpx
import pytest

from portside.apps.actions import approve_app, create_app, mark_origin_verified, update_app
from portside.apps.models import AppChanges, AppDraft
from portside.apps.queries import get_app
from portside.apps.rules import may_grant_live
from portside.db.begin import begin, reading
from tests.oauth.parties import CALLBACK, OTHER_CALLBACK, Partner, bearer, connect, consent, exchange
from tests.support.cast import Person

SITE = "https://store.example"
RESTS = {"detail": "This app may not use live data at the moment."}


async def switch(partner: Partner, *, live: bool) -> None:
    """The owner ticks the box on the app's page, or takes the tick away."""
    app = partner.app
    changes = AppChanges(
        name=app.name, redirect_uris=(CALLBACK, OTHER_CALLBACK), origins=(), site_url=app.site_url, live=live
    )
    async with begin() as tx:
        await update_app(tx, partner.person.scope, app.id, changes)


async def approve(partner: Partner, approved: bool) -> None:
    async with begin() as tx:
        await approve_app(tx, partner.app.client_id, approved)


async def orders(server: httpx.AsyncClient, token: str, scheme: str = "Bearer") -> httpx.Response:
    return await server.get("/orders", headers={"Authorization": f"{scheme} {token}"})


async def test_live_switched_off_rests_live_tokens_at_once_and_test_tokens_go_on(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    live = await connect(server, partner, alice, mode="live")
    test = await connect(server, partner, alice)
    assert (await orders(server, live)).status_code == 200
    await switch(partner, live=False)
    refused = await orders(server, live)
    assert (refused.status_code, refused.json()) == (403, RESTS)
    assert (await orders(server, test)).status_code == 200
    await switch(partner, live=True)
    assert (await orders(server, live)).status_code == 200


async def test_an_approval_that_is_taken_back_rests_them_until_a_site_is_verified(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    token = await connect(server, partner, alice, mode="live")
    await approve(partner, False)
    assert (await orders(server, token)).status_code == 403
    scope, app = partner.person.scope, partner.app
    changes = AppChanges(name=app.name, redirect_uris=app.redirect_uris, origins=(SITE,), site_url="", live=True)
    async with begin() as tx:
        await update_app(tx, scope, app.id, changes)
    assert (await orders(server, token)).status_code == 403
    async with begin() as tx:
        await mark_origin_verified(tx, scope, app.id, SITE)
    assert (await orders(server, token)).status_code == 200


async def test_short_lived_tokens_rest_too(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    token = await connect(server, partner, alice, mode="live")
    made = await server.post("/embedded/authz", json={"scope": "orders:read"}, headers=bearer(token))
    short = made.json()["token"]
    assert (await orders(server, short, "JWT")).status_code == 200
    await switch(partner, live=False)
    assert (await orders(server, short, "JWT")).status_code == 403
    assert (
        await server.post("/embedded/authz", json={"scope": "orders:read"}, headers=bearer(token))
    ).status_code == 403


async def test_a_code_that_waits_gives_no_live_token(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    code = await consent(partner, alice, mode="live")
    await switch(partner, live=False)
    answer = await exchange(server, partner, code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    await switch(partner, live=True)
    assert (await exchange(server, partner, code)).status_code == 200


async def test_a_token_that_rests_can_be_revoked(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    token = await connect(server, partner, alice, mode="live")
    await switch(partner, live=False)
    assert (await server.post("/oauth/revoke", data={**partner.form, "token": token})).status_code == 200
    await switch(partner, live=True)
    assert (await orders(server, token)).status_code == 401


@pytest.mark.parametrize(
    ("live", "approved", "verified"), list(itertools.product((False, True), repeat=3)), ids=lambda flag: str(flag)
)
async def test_the_database_and_the_rule_say_the_same(
    product: object, alice: Person, live: bool, approved: bool, verified: bool
) -> None:
    draft = AppDraft(
        scope=alice.scope, name="Any", redirect_uris=(CALLBACK,), origins=(SITE,), live=live, approved=approved
    )
    async with begin() as tx:
        app, _ = await create_app(tx, draft)
        if verified:
            await mark_origin_verified(tx, alice.scope, app.id, SITE)
    sql = "SELECT app_may_act($1, $2)"
    async with reading() as tx:
        assert await tx.fetchval(sql, app.id, "live") == may_grant_live(await get_app(tx, alice.scope, app.id))
        assert await tx.fetchval(sql, app.id, "test") is True
