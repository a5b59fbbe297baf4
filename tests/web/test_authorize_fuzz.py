"""Whatever is asked of the connect page or posted to it, the answer is a page or a way back to the app."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import quote

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cast import Person
from tests.support.connecting import CALLBACK, FRAME, WINDOW, Partner, Visit, codes

Maker = Callable[..., httpx.AsyncClient]
TEXT = st.text(st.characters(codec=None), max_size=40)
SCOPES = st.sampled_from(["*", "orders:read", "orders:read tracking:write", "default"])
STEPS = st.sampled_from(["register", "verify", "resend", "login", "stay", "cancel", "allow", "nothing"])


def query(good: dict[str, str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Mostly what an honest app sends; some of it bad, repeated or missing."""
    known = [st.tuples(st.just(name), st.just(value) | TEXT) for name, value in good.items()]
    others = st.lists(
        st.tuples(st.sampled_from([*good, "display", "prompt", "code_challenge", "email"]), TEXT), max_size=3
    )
    return st.tuples(st.tuples(*known), others).map(lambda both: [*both[0], *both[1]])


def written(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in pairs)


async def test_nothing_that_is_asked_breaks_the_page(product: Maker, partner: Partner) -> None:
    good = {"response_type": "code", "client_id": partner.app.client_id, "scope": "*", "redirect_uri": CALLBACK}

    async def ask(pairs: list[tuple[str, str]], scope: str, framed: bool) -> None:
        async with product(Accept="text/html") as client:
            path = f"/oauth/authorize?{written([*pairs, ('scope', scope)] if framed else pairs)}"
            answer = await client.get(path, headers=FRAME if framed else WINDOW)
        assert answer.status_code in (200, 303, 400), answer.text
        assert answer.status_code != 303 or answer.headers["location"].startswith(f"{CALLBACK}?error=")

    loop = asyncio.get_running_loop()

    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(query(good), SCOPES, st.booleans())
    def each(pairs: list[tuple[str, str]], scope: str, framed: bool) -> None:
        asyncio.run_coroutine_threadsafe(ask(pairs, scope, framed), loop).result(30)

    await asyncio.to_thread(each)


async def test_nothing_that_is_posted_breaks_the_page(product: Maker, partner: Partner, alice: Person) -> None:
    visit = Visit(product(Accept="text/html"), FRAME)
    await visit.open(partner.asks())
    entry = visit.handle

    async def send(step: str, handle: str, fields: dict[str, str], raw: bytes) -> None:
        body = raw or written([("handle", handle), ("step", step), *fields.items()]).encode()
        headers = {**FRAME, "Sec-Fetch-Site": "same-origin"}
        async with product(Accept="text/html") as client:
            answer = await client.post(partner.asks(), content=body, headers=headers)
        assert answer.status_code in (200, 400, 403, 410, 422, 429), answer.text
        assert "code=" not in answer.text

    loop = asyncio.get_running_loop()
    names = st.sampled_from(["email", "password", "new_email", "new_password", "name", "company", "code", "sign_up"])

    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(
        STEPS, st.just(entry) | TEXT, st.dictionaries(names, TEXT, max_size=5), st.just(b"") | st.binary(max_size=60)
    )
    def each(step: str, handle: str, fields: dict[str, str], raw: bytes) -> None:
        asyncio.run_coroutine_threadsafe(send(step, handle, fields, raw), loop).result(30)

    await asyncio.to_thread(each)
    assert await codes(partner) == 0
