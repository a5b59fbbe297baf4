"""POST /oauth/access_token: a code becomes a token once, for the app that it was given to."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re

import httpx
import pytest
import structlog

from portside.db.begin import begin, reading
from portside.oauth import actions, jobs
from portside.oauth.models import Issued, Redemption
from tests.oauth.parties import (
    CALLBACK,
    OTHER_CALLBACK,
    Partner,
    audited,
    bearer,
    body,
    connect,
    consent,
    exchange,
    make_partner,
)
from tests.support.cast import Person

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def refused(answer: httpx.Response, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


async def test_a_code_becomes_a_token(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    answer = await exchange(server, partner, await consent(partner, alice))
    given = answer.json()
    assert answer.status_code == 200
    assert given | {"access_token": ""} == {
        "access_token": "",
        "token_type": "bearer",
        "scope": "*",
        "account_id": alice.account_id,
        "mode": "test",
    }
    assert re.fullmatch(r"oauth\.[A-Za-z0-9_-]{40}\.[A-Za-z0-9_-]{43}=", given["access_token"])
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    orders = await server.get("/orders", headers=bearer(given["access_token"]))
    assert (orders.status_code, orders.json()["results"]) == (200, [])
    assert await audited(alice) == [("connection.created", "user"), ("token.created", "app")]


@pytest.mark.parametrize("path", ["/oauth/access_token", "/oauth/access_token/", "/v1/oauth/access_token"])
@pytest.mark.parametrize("way", ["form", "json", "basic form", "basic json"])
async def test_every_way_to_ask(
    server: httpx.AsyncClient, partner: Partner, alice: Person, path: str, way: str
) -> None:
    fields = body(partner, await consent(partner, alice))
    auth = None
    if way.startswith("basic"):
        auth = httpx.BasicAuth(fields.pop("client_id"), fields.pop("client_secret"))
    sent = {"json": fields} if way.endswith("json") else {"data": fields}
    answer = await server.post(path, auth=auth, **sent)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text


async def test_what_is_kept_of_codes_and_tokens_is_a_hash(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    code = await consent(partner, alice)
    token = (await exchange(server, partner, code)).json()["access_token"]
    async with reading() as tx:
        rows = await tx.fetch("SELECT o::text AS row FROM oauth_codes o UNION ALL SELECT c::text FROM credentials c")
    assert not any(code in row["row"] or token[10:] in row["row"] for row in rows)


@pytest.mark.parametrize("is_basic", [True, False])
@pytest.mark.parametrize("wrong", ["client_id", "client_secret"])
async def test_a_wrong_secret_is_refused_and_the_code_stays_good(
    server: httpx.AsyncClient, partner: Partner, alice: Person, is_basic: bool, wrong: str
) -> None:
    code = await consent(partner, alice)
    fields = body(partner, code) | {wrong: "somebody-else"}
    auth = httpx.BasicAuth(fields.pop("client_id"), fields.pop("client_secret")) if is_basic else None
    answer = await server.post("/oauth/access_token", data=fields, auth=auth)  # type: ignore[arg-type]
    refused(answer, "invalid_client", 401)
    assert answer.headers.get("www-authenticate", "").startswith("Basic ") is is_basic
    assert (await exchange(server, partner, code)).status_code == 200


async def test_nobody_guesses_secrets_for_long(
    server: httpx.AsyncClient, partner: Partner, alice: Person, product: object
) -> None:
    code = await consent(partner, alice)
    for _ in range(30):
        refused(await exchange(server, partner, code, client_secret="guess"), "invalid_client", 401)
    answer = await exchange(server, partner, code)
    refused(answer, "temporarily_unavailable", 429)
    assert int(answer.headers["retry-after"]) == 900
    async with product() as elsewhere:  # type: ignore[operator]
        assert (await exchange(elsewhere, partner, code)).status_code == 200


async def test_nobody_guesses_at_many_clients_from_one_address(
    server: httpx.AsyncClient, partner: Partner, rival: Partner, alice: Person
) -> None:
    code = await consent(partner, alice)
    for each in range(200):
        sent = {**rival.form, "client_id": f"partner_{each}"}
        refused(await server.post("/oauth/access_token", json=sent), "invalid_client", 401)
    refused(await exchange(server, partner, code), "temporarily_unavailable", 429)


async def test_credentials_in_two_places_are_refused(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    fields = body(partner, await consent(partner, alice))
    auth = httpx.BasicAuth(fields["client_id"], fields["client_secret"])
    refused(await server.post("/oauth/access_token", data=fields, auth=auth), "invalid_request")
    del fields["client_secret"]
    other = fields | {"client_id": "partner_other"}
    refused(await server.post("/oauth/access_token", data=other, auth=auth), "invalid_request")
    assert (await server.post("/oauth/access_token", data=fields, auth=auth)).status_code == 200


async def test_a_used_code_ends_the_token_that_was_made_from_it(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    earlier = await connect(server, partner, alice)
    code = await consent(partner, alice)
    token = (await exchange(server, partner, code)).json()["access_token"]
    assert (await server.get("/orders", headers=bearer(token))).status_code == 200
    refused(await exchange(server, partner, code), "invalid_grant")
    assert (await server.get("/orders", headers=bearer(token))).status_code == 401
    assert (await server.get("/orders", headers=bearer(earlier))).status_code == 200
    refused(await exchange(server, partner, code), "invalid_grant")
    assert ("oauth.code_reused", "app") in await audited(alice)


async def test_of_many_exchanges_at_once_one_wins(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    code = await consent(partner, alice)
    answers = await asyncio.gather(*[exchange(server, partner, code) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7


async def test_an_exchange_beside_another_ends_nothing(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    code = await consent(partner, alice)
    async with begin() as tx:
        issued = await actions.exchange(
            tx, partner.app, Redemption(code=code, redirect_uri=CALLBACK, code_verifier=None)
        )
        refused(await exchange(server, partner, code), "invalid_grant")
    assert isinstance(issued, Issued)
    assert (await server.get("/orders", headers=bearer(issued.access_token))).status_code == 200


async def test_a_code_is_good_for_ten_minutes(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    code = await consent(partner, alice)
    async with begin() as tx:
        connection = "SELECT id FROM connections WHERE account_id = $1"
        lasts = await tx.fetchval(
            f"SELECT expires_at - created_at FROM oauth_codes WHERE connection_id = ({connection})", alice.account_id
        )
        assert lasts.total_seconds() == 600
        await tx.execute(
            f"UPDATE oauth_codes SET expires_at = now() - interval '1 second' WHERE connection_id = ({connection})",
            alice.account_id,
        )
    refused(await exchange(server, partner, code), "invalid_grant")


async def test_somebody_elses_code_is_worth_nothing(
    server: httpx.AsyncClient, partner: Partner, rival: Partner, alice: Person
) -> None:
    code = await consent(partner, alice)
    foreign = await exchange(server, rival, code)
    refused(foreign, "invalid_grant")
    assert foreign.json() == (await exchange(server, rival, "0" * 40)).json()
    assert (await exchange(server, partner, code)).status_code == 200


@pytest.mark.parametrize(
    ("given", "sent", "status"),
    [
        (True, CALLBACK, 200),
        (True, None, 400),
        (True, OTHER_CALLBACK, 400),
        (True, CALLBACK + "/", 400),
        (True, CALLBACK.upper(), 400),
        (False, None, 200),
        (False, CALLBACK, 200),
        (False, OTHER_CALLBACK, 400),
    ],
)
async def test_the_redirect_uri_is_the_one_of_the_request(
    server: httpx.AsyncClient, partner: Partner, alice: Person, given: bool, sent: str | None, status: int
) -> None:
    code = await consent(partner, alice, redirect_uri_given=given)
    answer = await exchange(server, partner, code, redirect_uri=sent)
    assert answer.status_code == status
    if status == 400:
        refused(answer, "invalid_grant")


@pytest.mark.parametrize(
    ("challenge", "verifier", "status"),
    [
        (CHALLENGE, VERIFIER, 200),
        (CHALLENGE, VERIFIER[:-1] + "l", 400),
        (CHALLENGE, CHALLENGE, 400),
        (CHALLENGE, None, 400),
        (CHALLENGE, "short", 400),
        (CHALLENGE, VERIFIER + "\n", 400),
        (None, VERIFIER, 400),
    ],
)
async def test_pkce(
    server: httpx.AsyncClient,
    partner: Partner,
    alice: Person,
    challenge: str | None,
    verifier: str | None,
    status: int,
) -> None:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == CHALLENGE
    code = await consent(partner, alice, code_challenge=challenge)
    answer = await exchange(server, partner, code, code_verifier=verifier)
    assert answer.status_code == status
    if status == 400:
        refused(answer, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"code": None}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
        ({"code": "0" * 40}, "invalid_grant"),
        ({"code": "é" * 5000}, "invalid_request"),
        ({"code": "a\x00b"}, "invalid_request"),
        ({"redirect_uri": "x\x00"}, "invalid_request"),
    ],
)
async def test_what_is_missing_or_wrong_is_named(
    server: httpx.AsyncClient, partner: Partner, changes: dict[str, str | None], error: str
) -> None:
    refused(await server.post("/oauth/access_token", data=body(partner, "0" * 40, **changes)), error)


@pytest.mark.parametrize("name", ["client_id", "client_secret"])
async def test_a_client_that_does_not_say_who_it_is(server: httpx.AsyncClient, partner: Partner, name: str) -> None:
    refused(await exchange(server, partner, "0" * 40, **{name: None}), "invalid_client", 401)


NUMBER = json.dumps({"client_id": 7, "client_secret": "x", "grant_type": "authorization_code", "code": "y"})


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        ("[1, 2]", "application/json"),
        ("null", "application/json"),
        ('"text"', "application/json"),
        ("{", "application/json"),
        ('{"client_id": "\\ud800", "client_secret": "x"}', "application/json"),
        ('{"client_id": "a\\u0000", "client_secret": "x"}', "application/json"),
        ('{"client_id": "a", "client_id": "b", "client_secret": "x"}', "application/json"),
        (NUMBER, "application/json"),
        ('{"client_id": ["a"], "client_secret": {"b": 1}}', "application/json"),
        ("[" * 9000, "application/json"),
        ('{"a":' * 3000, "application/json"),
        ('{"a": ' + "[" * 3000 + "]" * 3000 + "}", "application/json"),
        (b"\xff\xfe{", "application/json"),
        ("client_id=a&client_id=b&client_secret=x", "application/x-www-form-urlencoded"),
        ("client_id=%ff&client_secret=x", "application/x-www-form-urlencoded"),
        ("client_id=%00&client_secret=x", "application/x-www-form-urlencoded"),
        ("&".join(f"a{i}=1" for i in range(60)), "application/x-www-form-urlencoded"),
        (b"client_id=\xff", "application/x-www-form-urlencoded"),
        ("client_id=" + "a" * 30_000, "application/x-www-form-urlencoded"),
        ("client_id=a", "application/x-www-form-urlencoded; charset=nonsense"),
    ],
)
async def test_bodies_that_nobody_can_mean(server: httpx.AsyncClient, raw: str | bytes, content_type: str) -> None:
    for path in ("/oauth/access_token", "/oauth/revoke"):
        answer = await server.post(path, content=raw, headers={"Content-Type": content_type})
        refused(answer, "invalid_request")


@pytest.mark.parametrize("sent", ["Basic", "Basic !", "Basic w6k=", "Basic /////w==", "Basic OjpcMA==", "basic AAAA"])
async def test_authorization_headers_that_nobody_can_mean(server: httpx.AsyncClient, sent: str) -> None:
    answer = await server.post("/oauth/access_token", data={"code": "x"}, headers={"Authorization": sent})
    assert answer.status_code in (400, 401) and "error" in answer.json()


async def test_a_token_sent_along_does_not_matter(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    code = await consent(partner, alice)
    headers = {"Authorization": f"ShippoToken {partner.person.token}"}
    answer = await server.post("/oauth/access_token", data=body(partner, code), headers=headers)
    assert answer.status_code == 200


async def test_a_connection_has_ten_tokens_at_most(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    tokens = [await connect(server, partner, alice) for _ in range(11)]
    answers = [(await server.get("/orders", headers=bearer(token))).status_code for token in tokens]
    assert answers == [401] + [200] * 10


async def test_granting_less_ends_what_was_granted_before(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    wide = await connect(server, partner, alice)
    assert (await server.get("/orders", headers=bearer(wide))).status_code == 200
    waiting = await consent(partner, alice)
    narrow = await connect(server, partner, alice, scopes="orders:read")
    assert (await server.get("/orders", headers=bearer(wide))).status_code == 401
    assert (await server.get("/orders", headers=bearer(narrow))).status_code == 200
    refused(await exchange(server, partner, waiting), "invalid_grant")


async def test_granting_more_ends_nothing(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    narrow = await connect(server, partner, alice, scopes="orders:read")
    wide = await connect(server, partner, alice, scopes="orders:read orders:write")
    answers = [await server.get("/orders", headers=bearer(token)) for token in (narrow, wide)]
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_grant_opens_one_mode_only(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    address = {"name": "Demo", "street1": "1 Demo St", "city": "Boston", "state": "MA", "zip": "02108", "country": "US"}
    made = await server.post("/addresses", json=address, headers=bearer(await connect(server, partner, alice)))
    answer = await exchange(server, partner, await consent(partner, alice, mode="live"))
    assert answer.json()["mode"] == "live"
    live = bearer(answer.json()["access_token"])
    assert made.json()["test"] is True
    assert (await server.get(f"/addresses/{made.json()['object_id']}", headers=live)).status_code == 404


async def test_old_codes_are_forgotten(server: httpx.AsyncClient, alice: Person) -> None:
    partner = await make_partner("paula")
    code = await consent(partner, alice)
    assert (await exchange(server, partner, code)).status_code == 200
    async with begin() as tx:
        await tx.execute(
            "UPDATE oauth_codes SET expires_at = now() - interval '25 hours' WHERE app_id = $1", partner.app.id
        )
    await jobs.forget(None)  # type: ignore[arg-type]
    async with reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM oauth_codes WHERE app_id = $1", partner.app.id) == 0


async def test_what_is_refused_is_logged_without_secrets(
    server: httpx.AsyncClient, partner: Partner, rival: Partner, alice: Person
) -> None:
    code = await consent(partner, alice)
    with structlog.testing.capture_logs() as logs:
        await exchange(server, partner, code, client_secret="a-wrong-secret")
        await exchange(server, rival, code)
        await exchange(server, partner, code, redirect_uri=OTHER_CALLBACK)
        token = (await exchange(server, partner, code)).json()["access_token"]
        await exchange(server, partner, code)
        await server.post("/oauth/revoke", data={**rival.form, "token": alice.token})
    warned = [(line["event"], line.get("reason")) for line in logs if line["log_level"] == "warning"]
    assert warned == [
        ("oauth_client_refused", None),
        ("oauth_code_refused", "foreign"),
        ("oauth_code_refused", "redirect_uri"),
        ("oauth_code_refused", "reused"),
        ("oauth_foreign_token", None),
    ]
    secrets = (code, token, partner.secret, rival.secret, "a-wrong-secret", alice.token)
    assert not any(secret in str(line) for line in logs for secret in secrets)
