"""How tokens are sent, and how they end: revoked by the app, or disconnected by the merchant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from portside.accounts.queries import get_scope
from portside.apps.queries import find_connection, list_connections
from portside.db.begin import begin, reading
from portside.errors import NotFound
from portside.kit.ids import Id
from portside.kit.scope import SYSTEM, Actor, Scope
from portside.oauth import actions
from portside.rest.caller import CACHE_SECONDS, forget_tokens
from tests.oauth.parties import Partner, audited, bearer, connect, consent, exchange, user_of
from tests.support.cast import Person

Maker = Callable[..., httpx.AsyncClient]
HOOK = {"url": "https://store.example/hook", "event": "track_updated"}


async def merchant_scope(person: Person) -> Scope:
    async with reading() as tx:
        return await get_scope(tx, person.account_id, "test", Actor("user", await user_of(person)))


async def status(server: httpx.AsyncClient, token: str) -> int:
    return (await server.get("/orders", headers=bearer(token))).status_code


async def revoke(server: httpx.AsyncClient, partner: Partner, token: str, **more: str) -> httpx.Response:
    return await server.post("/oauth/revoke", data={**partner.form, "token": token, **more})


async def is_connected(partner: Partner, person: Person) -> bool:
    async with reading() as tx:
        return await find_connection(tx, person.scope, partner.app.id) is not None


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "{}", "ShippoToken {}", "Token {}", "Bearer  {} "])
async def test_every_form_that_sdks_send(server: httpx.AsyncClient, partner: Partner, alice: Person, form: str) -> None:
    token = await connect(server, partner, alice)
    answer = await server.get("/orders", headers={"Authorization": form.format(token)})
    assert answer.status_code == 200


@pytest.mark.parametrize("form", ["JWT {}", "Basic {}", "Bearer {}x", "Bearer x{}", "Bearer {} x", "oauth {}"])
async def test_forms_that_are_refused(server: httpx.AsyncClient, partner: Partner, alice: Person, form: str) -> None:
    token = await connect(server, partner, alice)
    answer = await server.get("/orders", headers={"Authorization": form.format(token)})
    assert (answer.status_code, answer.json()) == (401, {"detail": "Token does not exist"})


async def test_what_an_app_makes_carries_its_identity(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    made = await server.post("/webhooks", json=HOOK, headers=bearer(await connect(server, partner, alice)))
    assert made.status_code == 201, made.text
    async with reading() as tx:
        row = await tx.fetchrow("SELECT app_id, created_by FROM webhooks WHERE account_id = $1", alice.account_id)
    assert row is not None
    assert (row["app_id"], row["created_by"]) == (partner.app.id, f"app:{partner.app.id}")


async def test_the_last_use_is_seen(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    token = await connect(server, partner, alice)
    async with reading() as tx:
        (before,) = await list_connections(tx, alice.scope)
    assert await status(server, token) == 200
    async with reading() as tx:
        (after,) = await list_connections(tx, alice.scope)
    assert before.last_used_at is None and after.last_used_at is not None


async def test_an_app_ends_one_of_its_tokens_and_with_the_last_the_connection(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    first, second = [await connect(server, partner, alice) for _ in range(2)]
    answer = await revoke(server, partner, first, token_type_hint="access_token")
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, b"", "no-store")
    assert [await status(server, token) for token in (first, second)] == [401, 200]
    assert await is_connected(partner, alice)
    assert (await revoke(server, partner, second)).status_code == 200
    assert await status(server, second) == 401
    assert not await is_connected(partner, alice)
    log = await audited(alice)
    assert log.count(("oauth.token_revoked", "app")) == 2 and log[-1] == ("connection.ended", "app")


async def test_a_connection_that_is_being_renewed_stays(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    token = await connect(server, partner, alice)
    code = await consent(partner, alice)
    assert (await revoke(server, partner, token)).status_code == 200
    assert (await exchange(server, partner, code)).status_code == 200


async def test_two_last_tokens_revoked_at_once_end_the_connection(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    tokens = [await connect(server, partner, alice) for _ in range(2)]
    answers = await asyncio.gather(*[revoke(server, partner, token) for token in tokens])
    assert [answer.status_code for answer in answers] == [200, 200]
    assert not await is_connected(partner, alice)


async def test_unknown_and_ended_tokens_are_as_good_as_ended(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    token = await connect(server, partner, alice)
    for sent in (token, token, "oauth.unknown.token=", "\u00e9" * 100, "a" * 5000):
        assert (await revoke(server, partner, sent)).status_code == 200, sent


async def test_a_partner_cannot_end_another_partners_token(
    server: httpx.AsyncClient, partner: Partner, rival: Partner, alice: Person
) -> None:
    token = await connect(server, partner, alice)
    for sent in (token, alice.token):
        answer = await revoke(server, rival, sent)
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert await status(server, token) == 200
    assert (await server.get("/orders", headers=bearer(alice.token))).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"client_secret": "wrong"}, "invalid_client", 401),
        ({"token": ""}, "invalid_request", 400),
        ({"token": "eyJhbGciOiJIUzI1NiJ9.e30.x"}, "unsupported_token_type", 400),
        ({"token": "\x00"}, "invalid_request", 400),
    ],
)
async def test_wrong_revocations(
    server: httpx.AsyncClient, partner: Partner, changes: dict[str, str], error: str, code: int
) -> None:
    answer = await server.post("/oauth/revoke/", data={**partner.form, "token": "x", **changes})
    assert (answer.status_code, answer.json()["error"]) == (code, error)


async def test_disconnecting_ends_everything_the_app_had(
    server: httpx.AsyncClient, partner: Partner, rival: Partner, alice: Person
) -> None:
    token, other = [await connect(server, one, alice) for one in (partner, rival)]
    live = await connect(server, partner, alice, mode="live")
    code = await consent(partner, alice)
    for caller in (token, other, alice.token):
        assert (await server.post("/webhooks", json=HOOK, headers=bearer(caller))).status_code == 201
    child = {"email": "shop@example.com", "first_name": "Demo", "last_name": "Shop", "company_name": "Demo Shop"}
    managed = (await server.post("/shippo-accounts", json=child, headers=bearer(token))).json()["object_id"]
    acting = bearer(token) | {"SHIPPO-ACCOUNT-ID": managed}
    assert (await server.post("/webhooks", json=HOOK, headers=acting)).status_code == 201
    async with begin() as tx:
        await actions.disconnect(tx, await merchant_scope(alice), partner.app.id, address="192.0.2.7")
    assert [await status(server, each) for each in (token, other, live)] == [401, 200, 200]
    refused = await exchange(server, partner, code)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    async with reading() as tx:
        rows = await tx.fetch(
            "SELECT app_id FROM webhooks WHERE account_id = ANY($1::uuid[])", [alice.account_id, managed]
        )
    assert {row["app_id"] for row in rows} == {rival.app.id, None}
    assert (await audited(alice))[-1] == ("connection.ended", "user")
    async with begin() as tx:
        with pytest.raises(NotFound):
            await actions.disconnect(tx, alice.scope, partner.app.id)


async def test_a_disconnected_app_can_be_connected_again(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    old = await connect(server, partner, alice)
    async with begin() as tx:
        await actions.disconnect(tx, await merchant_scope(alice), partner.app.id)
    new = await connect(server, partner, alice)
    assert [await status(server, each) for each in (old, new)] == [401, 200]


async def test_another_process_knows_within_a_second(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    token = await connect(server, partner, alice)
    assert await status(server, token) == 200
    async with begin() as tx:
        await tx.execute("UPDATE credentials SET revoked_at = now() WHERE app_id = $1", partner.app.id)
    await asyncio.sleep(CACHE_SECONDS)
    assert await status(server, token) == 401


async def test_disconnecting_during_an_exchange_leaves_no_token(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    codes = [await consent(partner, alice) for _ in range(4)]

    async def disconnect() -> None:
        async with begin() as tx:
            await actions.disconnect(tx, alice.scope, partner.app.id)

    answers, _ = await asyncio.gather(
        asyncio.gather(*[exchange(server, partner, code) for code in codes]), disconnect()
    )
    forget_tokens()
    tokens = [answer.json()["access_token"] for answer in answers if answer.status_code == 200]
    assert [await status(server, token) for token in tokens] == [401] * len(tokens)
    assert not await is_connected(partner, alice)


async def test_before_an_app_is_deleted_everybody_is_disconnected(
    server: httpx.AsyncClient, partner: Partner, alice: Person, charlie: Person
) -> None:
    tokens = [
        await connect(server, partner, alice),
        await connect(server, partner, alice, mode="live"),
        await connect(server, partner, charlie),
    ]
    async with begin() as tx:
        assert await actions.disconnect_everyone(tx, Id(partner.app.id), SYSTEM) == 3
    assert [await status(server, token) for token in tokens] == [401] * 3
    assert ("connection.ended", "system") in await audited(charlie)


async def test_a_partner_reaches_only_merchants_who_connected(
    server: httpx.AsyncClient, product: Maker, partner: Partner, alice: Person, charlie: Person
) -> None:
    token = await connect(server, partner, alice)
    for account_id in (charlie.account_id, alice.account_id, partner.person.account_id):
        acting = bearer(token) | {"SHIPPO-ACCOUNT-ID": account_id}
        assert (await server.get("/orders", headers=acting)).status_code == 404
    async with product(partner.person.token) as own:
        assert (await own.get("/orders", headers={"SHIPPO-ACCOUNT-ID": alice.account_id})).status_code == 404


async def test_two_connects_at_once_make_one_connection(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    tokens = await asyncio.gather(*[connect(server, partner, alice) for _ in range(5)])
    assert [await status(server, token) for token in tokens] == [200] * 5
    async with reading() as tx:
        assert len(await list_connections(tx, alice.scope)) == 1


async def test_granting_less_than_everything_ends_the_terms(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    path, platform = f"/partner/accounts/{alice.account_id}/settings", bearer(partner.person.token)
    await connect(server, partner, alice)
    settled = await server.put(path, json={"label_format": "PNG"}, headers=platform)
    assert settled.status_code == 200, settled.text
    await connect(server, partner, alice)
    assert (await server.get(path, headers=platform)).json()["label_format"] == "PNG"
    await connect(server, partner, alice, scopes="orders:read")
    assert (await server.get(path, headers=platform)).status_code == 404
    # What was settled before does not come back by itself.
    await connect(server, partner, alice)
    assert (await server.get(path, headers=platform)).json()["label_format"] is None
    assert ("terms.changed", "user") in await audited(alice)
