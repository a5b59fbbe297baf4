"""Addresses over HTTP."""

from __future__ import annotations

import httpx
import pytest

STREET = {"name": "Mr Hippo", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117"}


async def test_an_address_is_created_read_and_listed_alike(api: httpx.AsyncClient) -> None:
    made = await api.post("/addresses/", json={**STREET, "country": "usa", "phone": "+1 555 341 9393"})
    assert made.status_code == 201
    body = made.json()
    assert (body["country"], body["phone"], body["is_complete"], body["test"]) == ("US", "0015553419393", True, True)
    assert body["validation_results"] == {} and body["company"] == "" and body["is_residential"] is None
    assert (await api.get(f"/addresses/{body['object_id']}")).json() == body
    assert (await api.get("/v1/addresses/")).json()["results"] == [body]


async def test_only_the_country_is_required(api: httpx.AsyncClient) -> None:
    made = await api.post("/addresses", json={"country": "Poland"})
    assert made.status_code == 201 and made.json()["is_complete"] is False
    missing = await api.post("/addresses", json={})
    assert (missing.status_code, missing.json()) == (400, {"country": ["This field is required."]})
    wrong = await api.post("/addresses", json={"country": "Atlantis"})
    assert wrong.status_code == 400 and list(wrong.json()) == ["country"]


async def test_a_form_and_json_without_its_content_type_are_understood(api: httpx.AsyncClient) -> None:
    form = await api.post("/addresses/", data={"country": "US", "zip": "94117", "is_residential": "True"})
    assert form.status_code == 201 and form.json()["is_residential"] is True
    plain = await api.post(
        "/addresses/",
        content=b'{"country": "US", "zip": 94117, "is_residential": 0, "unknown": {"a": 1}}',
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert plain.status_code == 201
    assert (plain.json()["zip"], plain.json()["is_residential"]) == ("94117", False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"country": "US", "name": "a\\u0000b"}', "name"),
        (b'{"country": "US", "name": "\\ud800"}', "name"),
        (b'{"country": "US", "name": {"a": 1}}', "name"),
        (b'{"country": ["US"]}', "country"),
        (b'{"country": "US", "is_residential": "maybe"}', "is_residential"),
        (b'{"country": "US", "metadata": "' + b"x" * 101 + b'"}', "metadata"),
        (b'{"country": "US", "email": "nobody"}', "email"),
    ],
)
async def test_a_wrong_field_is_named(api: httpx.AsyncClient, body: bytes, field: str) -> None:
    answer = await api.post("/addresses", content=body)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


@pytest.mark.parametrize(
    "body", [b"{", b'{"country": "US"', b"[" * 100_000, b"\xff\xfe{}", b'"text"', b"[1, 2]", b"{'country': 'US'}"]
)
async def test_a_body_that_is_no_object_is_refused(api: httpx.AsyncClient, body: bytes) -> None:
    answer = await api.post("/addresses", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/json"


async def test_all_that_is_wrong_is_said_at_once(api: httpx.AsyncClient) -> None:
    wrong = {"country": "Atlantis", "email": "nobody", "zip": []}
    for given in (wrong, {field: wrong[field] for field in ("country", "email")}):
        answer = await api.post("/addresses", json=given)
        assert answer.status_code == 400 and set(answer.json()) == set(given)


@pytest.mark.parametrize("version", ["2014-02-11", "2016-10-25", "2017-03-29"])
async def test_lists_of_old_versions_tell_how_many_there_are(api: httpx.AsyncClient, version: str) -> None:
    for _ in range(3):
        await api.post("/addresses", json={"country": "US"})
    old = (await api.get("/addresses?results=2", headers={"Shippo-API-Version": version})).json()
    assert (old["count"], len(old["results"])) == (3, 2)
    rest = (await api.get(old["next"], headers={"Shippo-API-Version": version})).json()
    assert (rest["count"], len(rest["results"])) == (3, 1)
    for headers in ({}, {"Shippo-API-Version": "2017-08-01"}):
        assert set((await api.get("/addresses?results=2", headers=headers)).json()) == {"next", "previous", "results"}


async def test_pages_follow_their_links(api: httpx.AsyncClient) -> None:
    ids = [(await api.post("/addresses", json={"country": "US"})).json()["object_id"] for _ in range(5)][::-1]
    first = (await api.get("/v1/addresses/?results=2")).json()
    assert [row["object_id"] for row in first["results"]] == ids[:2] and first["previous"] is None
    assert first["next"].startswith("http://portside.test/v1/addresses/?results=2&page=2")
    second = (await api.get(first["next"])).json()
    third = (await api.get(second["next"])).json()
    assert [row["object_id"] for row in second["results"] + third["results"]] == ids[2:]
    assert third["next"] is None
    back = (await api.get(third["previous"])).json()
    assert back["results"] == second["results"]
    assert (await api.get(back["previous"])).json()["results"] == first["results"]
    assert (await api.get("/addresses?results=2&page=3")).json()["results"] == third["results"]


@pytest.mark.parametrize("query", ["page=0", "page=x", "results=-1", "page_token=zzz", "page=%00"])
async def test_a_wrong_page_is_a_400(api: httpx.AsyncClient, query: str) -> None:
    assert (await api.get(f"/addresses?{query}")).status_code == 400


async def test_a_page_beyond_the_end_is_empty_or_not_there(api: httpx.AsyncClient) -> None:
    await api.post("/addresses", json={"country": "US"})
    empty = await api.get("/addresses?page=999&results=100")
    assert (empty.status_code, empty.json()["results"]) == (200, [])
    assert (await api.get("/addresses?page=999999999")).status_code == 404


async def test_missing_and_foreign_look_the_same(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    made = (await api.post("/addresses", json={"country": "US"})).json()["object_id"]
    foreign = await charlie_api.get(f"/addresses/{made}")
    missing = await charlie_api.get("/addresses/" + "0" * 32)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() == missing.json() == {"detail": "Not found."}
    assert (await charlie_api.get("/addresses")).json()["results"] == []
