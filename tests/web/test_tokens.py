"""API tokens: shown once, refused at once when revoked, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx

from portside.db.begin import reading
from tests.support.cast import Person
from tests.web.conftest import Browser

PATH = "/app/settings/tokens"
_TOKEN = re.compile(r"shippo_test_[0-9a-f]{40}")


async def test_a_token_is_shown_once_and_works_until_it_is_revoked(
    at_desk: Browser, product: Callable[..., httpx.AsyncClient]
) -> None:
    made = await at_desk.post(PATH, {"name": "Store <plugin>"})
    assert made.status_code == 200
    (token,) = set(_TOKEN.findall(made.text))
    assert "Store &lt;plugin&gt;" in made.text
    page = await at_desk.get(PATH)
    assert token not in page.text and token[:16] in page.text and "by Alice" in page.text
    async with product(token) as client:
        assert (await client.get("/orders")).status_code == 200
        assert "Never" not in _row(await at_desk.get(PATH), "Store &lt;plugin&gt;")
        revoke = re.search(r'action="(/app/settings/tokens/[0-9a-f]{32}/revoke)"', page.text)
        assert revoke is not None
        answer = await at_desk.post(revoke[1])
        assert answer.headers["location"] == PATH
        assert (await client.get("/orders")).status_code == 401
    after = await at_desk.get(PATH)
    assert "The token was revoked." in after.text and "Store &lt;plugin&gt;" not in after.text
    assert "The token was revoked." not in (await at_desk.get(PATH)).text


async def test_tokens_of_the_other_mode_are_not_listed(at_desk: Browser) -> None:
    assert "test token" in (await at_desk.get(PATH)).text
    await at_desk.post("/app/mode", {"mode": "live"})
    page = await at_desk.get(PATH)
    assert "live token" in page.text and "test token" not in page.text


async def test_a_token_needs_a_name(at_desk: Browser) -> None:
    answer = await at_desk.post(PATH, {"name": "  "})
    assert answer.status_code == 422
    assert "Give it a name." in answer.text and 'data-open-dialog="create"' in answer.text


async def test_charlie_cannot_revoke_what_is_not_his(
    at_desk: Browser, alice: Person, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    async with reading() as tx:
        token_id = await tx.fetchval("SELECT id FROM credentials WHERE account_id = $1 LIMIT 1", alice.account_id)
    other = Browser(product(Accept="text/html"))
    await other.sign_in(charlie)
    await other.get(PATH)
    assert (await other.post(f"{PATH}/{token_id}/revoke")).status_code == 404
    assert (await other.post(f"{PATH}/not-an-id/revoke")).status_code == 404
    async with product(alice.token) as client:
        assert (await client.get("/orders")).status_code == 200


def _row(page: httpx.Response, name: str) -> str:
    return next(row for row in page.text.split("<tr") if name in row)
