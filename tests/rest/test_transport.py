"""The transport that real clients need: paths, tokens, versions, errors."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest
import uvicorn

from portside.accounts import actions, queries
from portside.db.begin import begin, reading
from portside.rest.answer import Answer
from portside.rest.asgi import front
from portside.rest.caller import forget_tokens
from portside.rest.endpoint import Call, endpoint
from tests.support.cast import Person

Maker = Callable[..., httpx.AsyncClient]


@pytest.mark.parametrize(
    "path", ["/addresses", "/addresses/", "/v1/addresses", "/v1/addresses/", "http://portside.test//addresses//"]
)
async def test_every_spelling_of_a_path_works_without_redirect(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.get(path)).status_code == 200
    assert (await api.post(path, json={"country": "US"})).status_code == 201
    assert (await api.head(path)).status_code == 200


@pytest.mark.parametrize("form", ["ShippoToken {}", "Bearer {}", "shippotoken {}", "{}", "  ShippoToken   {} "])
async def test_tokens_in_the_forms_that_clients_send(product: Maker, alice: Person, form: str) -> None:
    async with product(None, Authorization=form.format(alice.token)) as client:
        assert (await client.get("/addresses")).status_code == 200


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        ("", "Authentication credentials were not provided."),
        ("ShippoToken shippo_test_" + "0" * 40, "Token does not exist"),
        ("Bearer nonsense", "Token does not exist"),
        ("Basic abc", "Token does not exist"),
        ("ShippoToken", "Token does not exist"),
        ("ShippoToken \xe9\xff", "Token does not exist"),
    ],
)
async def test_a_wrong_token_is_refused_before_the_body_is_looked_at(product: Maker, header: str, detail: str) -> None:
    async with product() as client:
        headers = {"Authorization": header.encode("latin-1")} if header else {}
        answer = await client.post("/orders", content=b"{not json", headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()) == (401, {"detail": detail})


async def test_a_revoked_token_ends(product: Maker, alice: Person) -> None:
    async with product(alice.token) as client:
        assert (await client.get("/addresses")).status_code == 200
        async with begin() as tx:
            (credential,) = await queries.list_credentials(tx, alice.scope)
            await actions.revoke_token(tx, alice.scope, credential.id)
        forget_tokens()
        assert (await client.get("/addresses")).status_code == 401


async def test_tokens_are_stored_as_hashes_only(alice: Person) -> None:
    async with reading() as tx:
        rows = await tx.fetch("SELECT c::text AS row FROM credentials c WHERE account_id = $1", alice.account_id)
    assert rows
    assert not any(alice.token in row["row"] or alice.token[20:] in row["row"] for row in rows)


async def test_unknown_paths_and_ids_are_404_in_the_callers_language(product: Maker, alice: Person) -> None:
    for path in ("/nothing", "/addresses/nothing", "/addresses/" + "0" * 32, "/orders/%00"):
        async with product(alice.token) as client:
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
            answer = await client.get(path, headers={"Accept": "*/*"})
            assert answer.status_code == 404 and answer.text.startswith("<h1>Not Found</h1>")
            assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_a_wrong_verb_is_405_and_says_what_is_allowed(api: httpx.AsyncClient) -> None:
    answer = await api.delete("/addresses")
    assert answer.status_code == 405
    assert answer.json() == {"detail": 'Method "DELETE" not allowed.'}
    assert answer.headers["allow"] == "GET, OPTIONS, POST"
    told = await api.options("/addresses")
    assert (told.status_code, told.content, told.headers["allow"]) == (204, b"", "GET, OPTIONS, POST")
    assert "content-length" not in told.headers
    assert (await api.options(f"/user-parcel-templates/{'0' * 32}")).headers["allow"] == "DELETE, GET, OPTIONS, PUT"


async def test_api_versions(api: httpx.AsyncClient) -> None:
    assert (await api.get("/addresses", headers={"SHIPPO-API-VERSION": "2018-02-08"})).status_code == 200
    answer = await api.get("/addresses", headers={"Shippo-API-Version": "2019-01-01"})
    assert answer.status_code == 400
    assert answer.json() == {"error": "The requested version is not available for this resource"}


async def test_compressed_bodies_are_read_and_bombs_are_not(api: httpx.AsyncClient) -> None:
    body = gzip.compress(b'{"country": "US"}')
    answer = await api.post("/addresses", content=body, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 201
    bomb = gzip.compress(b'{"country": "US", "name": "' + b"x" * 50_000_000 + b'"}')
    answer = await api.post("/addresses", content=bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    for wrong in (b"not gzip", body[:-10]):
        answer = await api.post("/addresses", content=wrong, headers={"Content-Encoding": "gzip"})
        assert answer.status_code == 400
    assert (await api.post("/addresses", content=body, headers={"Content-Encoding": "br"})).status_code == 400


async def test_a_large_body_is_413(api: httpx.AsyncClient) -> None:
    answer = await api.post("/addresses", content=b" " * 5_100_000 + b'{"country": "US"}')
    assert answer.status_code == 413 and "detail" in answer.json()


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json; charset=utf-8", b'{"country": "US"}', 201),
        ("application/json; charset=latin-1", '{"country": "US", "name": "é"}'.encode("latin-1"), 201),
        ("application/json; charset=klingon", b'{"country": "US"}', 400),
        ("application/json; charset=utf-16", b"\xff", 400),
        ("application/json; charset=base64", b"e30=", 400),
        ("text/plain", b'{"country": "US"}', 201),
        ("", b'{"country": "US"}', 201),
    ],
)
async def test_content_types(api: httpx.AsyncClient, content_type: str, body: bytes, status: int) -> None:
    answer = await api.post("/addresses", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status, answer.text


async def test_null_and_empty_bodies_name_what_is_missing(api: httpx.AsyncClient) -> None:
    for body in (b"", b"null", b"[]", b"{}"):
        answer = await api.post("/addresses", content=body)
        assert (answer.status_code, answer.json()) == (400, {"country": ["This field is required."]})


async def test_every_answer_carries_a_request_id(api: httpx.AsyncClient) -> None:
    first, second = await api.get("/addresses"), await api.get("/nothing")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    named = await api.get("/addresses", headers={"X-Request-Id": "abc123"})
    assert named.headers["x-request-id"] == "abc123"


async def test_health(product: Maker) -> None:
    async with product() as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_files_need_their_signature(product: Maker, alice: Any) -> None:
    from portside.kit.services import services

    await services().files.put("labels/test/one.pdf", b"%PDF-1.4 fiction")
    url = services().file_url("labels/test/one.pdf")
    async with product() as client:
        answer = await client.get(url)
        assert (answer.status_code, answer.content) == (200, b"%PDF-1.4 fiction")
        assert answer.headers["content-type"] == "application/pdf"
        for wrong in (url.split("?")[0], url[:-3], url.replace("one.pdf", "two.pdf"), url.replace("one", "../../x")):
            assert (await client.get(wrong)).status_code == 404


async def test_a_connection_serves_on_after_head() -> None:
    config = uvicorn.Config(front(Answer(200, b"{}")), port=0, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
        writer.write(b"HEAD /orders HTTP/1.1\r\nHost: x\r\n\r\nGET /orders HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200") and b"content-length: 2" in head
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(2) == b"{}"
        writer.close()
    finally:
        server.should_exit = True
        await serving


async def test_a_defect_on_a_fixed_path_is_an_error_of_ours_in_the_usual_shape(alice: Person) -> None:
    @endpoint("GET", "/broken")
    async def broken(_call: Call) -> None:
        """Fail as nobody foresaw."""
        raise RuntimeError("a defect")

    transport = httpx.ASGITransport(app=cast(Any, front(Answer(200, b"{}"), [broken])))
    async with httpx.AsyncClient(transport=transport, base_url="http://portside.test") as client:
        answer = await client.get("/v1/broken/", headers={"Authorization": f"ShippoToken {alice.token}"})
        assert (answer.status_code, answer.json()) == (500, {"detail": "Internal error."})
        assert answer.headers["x-request-id"]
        stranger = await client.get("/broken")
        assert (stranger.status_code, stranger.headers["www-authenticate"]) == (401, "ShippoToken")
        assert (await client.get("/else")).json() == {}, "other paths are the application's"
