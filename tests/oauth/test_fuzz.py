"""Whatever is sent to the token endpoints, the answer is one of the protocol's and never a fault of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oauth.parties import Partner

Maker = Callable[..., httpx.AsyncClient]
ERRORS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unsupported_grant_type",
    "unauthorized_client",
    "unsupported_token_type",
}
NAMES = ["client_id", "client_secret", "grant_type", "code", "redirect_uri", "code_verifier", "token"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
GRANT = st.sampled_from(["authorization_code", "refresh_token"])


def fields(good: dict[str, str]) -> st.SearchStrategy[dict[str, Any]]:
    """Most fields good or of the right kind, so that not all requests end at the first check."""
    known = {name: st.just(value) | ANYTHING for name, value in good.items()}
    others = {name: st.text() | ANYTHING for name in NAMES if name not in {*good, "grant_type"}}
    return st.fixed_dictionaries({**known, "grant_type": GRANT | ANYTHING}, optional=others)


async def test_no_request_breaks_the_token_endpoints(product: Maker, partner: Partner) -> None:
    sent = 0

    async def send(path: str, values: dict[str, Any], raw: bytes, authorization: bytes, way: str) -> None:
        form = "&".join(f"{name}={quote(str(value), errors='replace')}" for name, value in values.items()).encode()
        content = {"form": form, "json": json.dumps(values).encode(), "raw": raw}[way]
        headers = {b"Authorization": authorization} if authorization else {}
        # An address of its own each time: wrong secrets are counted, and this is not about that.
        async with product() as client:
            answer = await client.post(path, content=content, headers=headers)
        if answer.status_code == 200:
            assert path == "/oauth/revoke" and answer.content == b""
        else:
            assert answer.status_code in (400, 401), answer.text
            assert answer.json()["error"] in ERRORS, answer.text

    loop = asyncio.get_running_loop()

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(
        path=st.sampled_from(["/oauth/access_token", "/oauth/revoke"]),
        values=fields(partner.form),
        raw=st.binary(max_size=200),
        authorization=st.just(b"") | st.binary(max_size=40).map(lambda some: b"Basic " + some.replace(b"\n", b"")),
        way=st.sampled_from(["form", "json", "json", "raw"]),
    )
    def examine(path: str, values: dict[str, Any], raw: bytes, authorization: bytes, way: str) -> None:
        nonlocal sent
        sent += 1
        asyncio.run_coroutine_threadsafe(send(path, values, raw, authorization, way), loop).result(60)

    # Hypothesis is not asynchronous: it asks from a thread, and this loop answers.
    await asyncio.to_thread(examine)
    assert sent > 100
