"""POST /embedded/authz: short-lived tokens that carry one scope and die with the token that they were made with."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest

from portside.accounts import queries
from portside.accounts.actions import revoke_token
from portside.db.begin import begin
from portside.kit.crypto import KeyRing, new_key
from portside.kit.services import services
from portside.oauth import actions
from portside.rest.caller import CACHE_SECONDS, forget_managed_accounts, forget_tokens
from tests.oauth.parties import Partner, bearer, connect
from tests.support.cast import Person

Maker = Callable[..., httpx.AsyncClient]
SCOPE = {"scope": "embedded:carriers"}
MERCHANT = {"email": "shop@example.com", "first_name": "Demo", "last_name": "Shop", "company_name": "Demo Shop"}


async def made(server: httpx.AsyncClient, headers: dict[str, str], path: str = "/embedded/authz/") -> str:
    answer = await server.post(path, json=SCOPE, headers=headers)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["token"]
    return token


async def carriers(server: httpx.AsyncClient, token: str, scheme: str = "JWT") -> httpx.Response:
    return await server.get("/carrier_accounts", headers={"Authorization": f"{scheme} {token}"})


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.mark.parametrize("path", ["/embedded/authz", "/embedded/authz/", "/v1/embedded/authz"])
async def test_a_token_makes_a_short_lived_one(server: httpx.AsyncClient, alice: Person, path: str) -> None:
    answer = await server.post(path, json=SCOPE, headers={"Authorization": f"ShippoToken {alice.token}"})
    given = answer.json()
    assert given.keys() == {"token", "expires_in", "expiresIn"}
    assert given["expires_in"] == given["expiresIn"]
    assert abs(int(given["expires_in"]) - time.time() - 12 * 3600) < 60
    assert jwt.get_unverified_header(given["token"])["alg"] == "HS256"
    claims = claims_of(given["token"])
    assert (claims["user_object_id"], claims["is_test"], claims["oauth_app_id"]) == (alice.account_id, True, None)
    assert (await carriers(server, given["token"])).status_code == 200


async def test_it_shows_the_data_of_the_token_that_made_it(server: httpx.AsyncClient, alice: Person) -> None:
    seen = {}
    for mode, token in (("test", alice.token), ("live", alice.live_token)):
        short = await made(server, bearer(token))
        assert claims_of(short)["is_test"] is (mode == "test")
        listed = (await carriers(server, short)).json()["results"]
        seen[mode] = {each["object_id"] for each in listed}
        assert {each["test"] for each in listed} == {mode == "test"}
    assert seen["test"] and seen["live"] and not seen["test"] & seen["live"]


async def test_it_carries_only_its_scope(server: httpx.AsyncClient, alice: Person) -> None:
    short = {"Authorization": f"JWT {await made(server, bearer(alice.token))}"}
    answer = await server.get("/orders", headers=short)
    assert answer.status_code == 403 and "orders:read" in answer.json()["detail"]
    answer = await server.post("/addresses", json={"country": "US"}, headers=short)
    assert answer.status_code == 403 and "addresses:write" in answer.json()["detail"]


async def test_it_cannot_make_another_nor_reach_other_accounts(server: httpx.AsyncClient, alice: Person) -> None:
    managed = (await server.post("/shippo-accounts", json=MERCHANT, headers=bearer(alice.token))).json()["object_id"]
    short = {"Authorization": f"JWT {await made(server, bearer(alice.token))}"}
    assert (await server.post("/embedded/authz", json=SCOPE, headers=short)).status_code == 403
    assert (await server.get("/carrier_accounts", headers=short | {"SHIPPO-ACCOUNT-ID": managed})).status_code == 403


@pytest.mark.parametrize("scheme", ["Bearer", "ShippoToken", "Token", ""])
async def test_it_is_no_token_under_another_scheme(server: httpx.AsyncClient, alice: Person, scheme: str) -> None:
    short = await made(server, bearer(alice.token))
    assert (await carriers(server, short)).status_code == 200
    assert (await carriers(server, short, scheme)).status_code == 401


async def test_an_app_makes_one_and_it_dies_with_the_connection(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    short = await made(server, bearer(await connect(server, partner, alice)))
    assert claims_of(short)["oauth_app_id"] == partner.app.id
    assert (await carriers(server, short)).status_code == 200
    async with begin() as tx:
        await actions.disconnect(tx, alice.scope, partner.app.id)
    assert (await carriers(server, short)).status_code == 401


async def test_it_dies_with_the_token_that_made_it(server: httpx.AsyncClient, alice: Person) -> None:
    short = await made(server, bearer(alice.token))
    assert (await carriers(server, short)).status_code == 200
    async with begin() as tx:
        (credential,) = await queries.list_credentials(tx, alice.scope)
        await revoke_token(tx, alice.scope, credential.id)
    forget_tokens()
    assert (await carriers(server, short)).status_code == 401


async def test_a_platform_makes_one_for_a_merchant_it_manages(server: httpx.AsyncClient, alice: Person) -> None:
    managed = (await server.post("/shippo-accounts", json=MERCHANT, headers=bearer(alice.token))).json()["object_id"]
    short = await made(server, bearer(alice.token) | {"SHIPPO-ACCOUNT-ID": managed})
    own = {each["object_id"] for each in (await carriers(server, alice.token, "Bearer")).json()["results"]}
    theirs = {each["object_id"] for each in (await carriers(server, short)).json()["results"]}
    assert theirs and not own & theirs
    async with begin() as tx:
        await tx.execute("UPDATE accounts SET parent_id = NULL WHERE id = $1", managed)
    forget_tokens()
    forget_managed_accounts()
    assert (await carriers(server, short)).status_code == 401


async def test_nobody_makes_one_for_a_merchant_they_do_not_manage(
    server: httpx.AsyncClient, alice: Person, charlie: Person
) -> None:
    acting = bearer(alice.token) | {"SHIPPO-ACCOUNT-ID": charlie.account_id}
    assert (await server.post("/embedded/authz", json=SCOPE, headers=acting)).status_code == 404


async def test_a_narrow_token_lends_only_what_it_has(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    token = bearer(await connect(server, partner, alice, scopes="orders:read carriers:read"))
    answer = await server.post("/embedded/authz", json=SCOPE, headers=token)
    assert answer.status_code == 403 and "carriers:write" in answer.json()["detail"]
    answer = await server.post("/embedded/authz", json={"scope": "carriers:read"}, headers=token)
    assert (await carriers(server, answer.json()["token"])).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"scope": ""}, {"scope": "*"}, {"scope": "nothing"}, {"scope": None}, {"scope": []}]
)
async def test_the_scope_must_be_one_that_there_is(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await api.post("/embedded/authz", json=body)
    assert answer.status_code == 400 and answer.json().keys() == {"scope"}


async def test_nobody_makes_one_without_a_token(server: httpx.AsyncClient) -> None:
    assert (await server.post("/embedded/authz", json=SCOPE)).status_code == 401


def forged(short: str, kind: str) -> str:
    """What somebody may try who has seen a token."""
    claims, header = claims_of(short), jwt.get_unverified_header(short)
    ring = services().keys
    key = ring.key_for("jwt")
    if kind == "none":
        return jwt.encode(claims, "", algorithm="none", headers={"kid": header["kid"]})
    if kind == "other algorithm":
        return jwt.encode(claims, key * 2, algorithm="HS512", headers={"kid": header["kid"]})
    if kind == "other key":
        return jwt.encode(claims, b"x" * 32, algorithm="HS256", headers={"kid": header["kid"]})
    if kind == "key of another purpose":
        return jwt.encode(claims, ring.key_for("sign/link"), algorithm="HS256", headers={"kid": header["kid"]})
    if kind == "unknown key id":
        return jwt.encode(claims, key, algorithm="HS256", headers={"kid": "k0"})
    if kind == "no key id":
        return jwt.encode(claims, key, algorithm="HS256")
    if kind == "expired":
        return jwt.encode(
            claims | {"exp": int(time.time()) - 1}, key, algorithm="HS256", headers={"kid": header["kid"]}
        )
    if kind == "from the future":
        later = {"iat": int(time.time()) + 9000}
        return jwt.encode(claims | later, key, algorithm="HS256", headers={"kid": header["kid"]})
    if kind == "other audience":
        return jwt.encode(claims | {"aud": "x"}, key, algorithm="HS256", headers={"kid": header["kid"]})
    if kind == "changed":
        head, _, signature = short.split(".")
        body = base64.urlsafe_b64encode(json.dumps(claims | {"scope": "orders:read"}).encode()).decode().rstrip("=")
        return f"{head}.{body}.{signature}"
    if kind == "cut":
        return short[:-1]
    if kind == "another installation":
        foreign = KeyRing.parse(new_key(header["kid"]))
        return jwt.encode(claims, foreign.key_for("jwt"), algorithm="HS256", headers={"kid": header["kid"]})
    return jwt.encode(claims | {"sub": "0" * 32}, key, algorithm="HS256", headers={"kid": header["kid"]})


KINDS = [
    "none",
    "other algorithm",
    "other key",
    "key of another purpose",
    "unknown key id",
    "no key id",
    "expired",
    "from the future",
    "other audience",
    "changed",
    "cut",
    "another installation",
    "other account",
]


@pytest.mark.parametrize("kind", KINDS)
async def test_forged_ones_are_refused(server: httpx.AsyncClient, alice: Person, kind: str) -> None:
    short = await made(server, bearer(alice.token))
    answer = await carriers(server, forged(short, kind))
    assert answer.status_code == 401, kind
    assert (await carriers(server, short)).status_code == 200


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "..",
        "eyJhbGciOiJIUzI1NiJ9..",
        "." * 1000,
        "x" * 3000,
        base64.b64encode(b"[" * 700).decode() + ".a.b",
    ],
)
async def test_nonsense_is_refused(server: httpx.AsyncClient, alice: Person, token: str) -> None:
    for sent in (token, alice.token):
        assert (await carriers(server, sent)).status_code == 401


async def test_one_that_expires_is_not_remembered_beyond_that(
    server: httpx.AsyncClient, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CACHE_SECONDS <= 1
    monkeypatch.setattr("portside.rest.short_tokens.SECONDS", -1)
    answer = await server.post("/embedded/authz", json=SCOPE, headers=bearer(alice.token))
    refused = await carriers(server, answer.json()["token"])
    assert (refused.status_code, refused.json()) == (401, {"detail": "Token has expired"})


async def test_an_old_key_still_opens(
    server: httpx.AsyncClient, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = await made(server, bearer(alice.token))
    ring = services().keys
    # The operator has put a new key before the one in use.
    newer = KeyRing([("knew", b"0123456789abcdef0123456789abcdef"), *ring._keys.items()])
    monkeypatch.setattr("portside.rest.short_tokens.services", lambda: type("S", (), {"keys": newer}))
    forget_tokens()
    assert (await carriers(server, short)).status_code == 200
    assert jwt.get_unverified_header(await made(server, bearer(alice.token)))["kid"] == "knew"
