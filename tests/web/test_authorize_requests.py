"""What apps ask the connect page for: who is sent back, who is sent nowhere, and whose page may frame it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from portside.apps.actions import delete_app
from portside.db.begin import begin
from tests.support.cast import Person
from tests.support.connecting import CALLBACK, ORIGIN, WINDOW, Partner, Visit, make_partner, policy

Maker = Callable[..., httpx.AsyncClient]


# Bad clients and redirect URIs: a page, and nowhere to go.


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": ""},
        {"client_id": "partner_" + "0" * 24},
        {"client_id": "nul\x00"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?next=https://evil.example"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "https://bazaar.example@evil.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "//evil.example"},
        {"redirect_uri": CALLBACK + "\x00"},
    ],
)
async def test_a_bad_client_or_redirect_uri_is_sent_nowhere(
    anywhere: Visit, partner: Partner, changes: dict[str, str | None]
) -> None:
    answer = await anywhere.open(partner.asks(**changes))
    assert answer.status_code == 400
    assert "This link does not work" in answer.text
    assert "location" not in answer.headers and "refresh" not in answer.text and "<form" not in answer.text
    assert "evil.example" not in answer.text
    assert policy(answer)["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_two_clients_or_redirect_uris_are_none(window: Visit, partner: Partner, name: str) -> None:
    right = {"client_id": partner.app.client_id, "redirect_uri": CALLBACK}[name]
    url = partner.asks(redirect_uri=CALLBACK)
    for more in (right, "https://evil.example"):
        answer = await window.open(f"{url}&{urlencode({name: more})}")
        assert answer.status_code == 400 and "location" not in answer.headers


async def test_an_app_with_two_redirect_uris_must_name_one(window: Visit, product: object) -> None:
    partner = await make_partner(redirect_uris=(CALLBACK, f"{ORIGIN}/other"))
    assert (await window.open(partner.asks())).status_code == 400
    assert (await window.open(partner.asks(redirect_uri=CALLBACK))).status_code == 200


async def test_a_deleted_app_is_unknown(window: Visit, partner: Partner) -> None:
    async with begin() as tx:
        await delete_app(tx, partner.person.scope, partner.app.id)
    assert (await window.open(partner.asks())).status_code == 400


@pytest.mark.parametrize("query", ["", "?", "?%ff=1", "?client_id=%ff", "?" + "a=1&" * 500])
async def test_no_address_breaks_the_page(window: Visit, product: object, query: str) -> None:
    answer = await window.open(f"/oauth/authorize/{query}")
    assert answer.status_code == 400 and "This link does not work" in answer.text


# What the app asked for wrongly goes back to it.


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "default"}, "invalid_scope"),
        ({"scope": "orders:read shipments:everything"}, "invalid_scope"),
        ({"scope": "*\x00"}, "invalid_request"),
        ({"mode": "real"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "a" * 43}, "invalid_request"),
        ({"code_challenge": "a" * 43, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_wrong_requests_go_back_with_their_name(
    anywhere: Visit, partner: Partner, changes: dict[str, str | None], error: str
) -> None:
    answer = await anywhere.open(partner.asks(**changes))
    location = answer.headers["location"]
    assert answer.status_code == 303 and location.startswith(f"{CALLBACK}?")
    query = dict(parse_qsl(urlsplit(location).query))
    assert query["error"] == error and query["error_description"] and query["state"] == "st 4&te"


@pytest.mark.parametrize("state", ["x" * 10_000, "nul\x00", "two"])
async def test_a_state_that_cannot_go_back_does_not(window: Visit, partner: Partner, state: str) -> None:
    url = partner.asks() + "&state=another" if state == "two" else partner.asks(state=state)
    answer = await window.open(url)
    query = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert query["error"] == "invalid_request" and "state" not in query


async def test_a_repeated_parameter_is_refused(window: Visit, partner: Partner) -> None:
    answer = await window.open(partner.asks() + "&scope=orders:read")
    assert "error=invalid_request" in answer.headers["location"]


async def test_a_redirect_uri_keeps_its_own_query(window: Visit, product: object, alice: Person) -> None:
    partner = await make_partner(redirect_uris=(f"{CALLBACK}?shop=7",))
    await window.open(partner.asks(state="<\"'>"))
    await window.log_in(alice)
    await window.press("allow")
    assert window.went["shop"] == "7" and window.went["code"] and window.went["state"] == "<\"'>"


# Frames.


async def test_only_verified_origins_may_frame(frame: Visit, window: Visit, partner: Partner, alice: Person) -> None:
    pages = [await frame.open(partner.asks()), await frame.log_in(alice), await frame.press("allow")]
    assert [policy(page)["frame-ancestors"] for page in pages] == [ORIGIN] * 3
    pages = [await window.open(partner.asks()), await window.log_in(alice), await window.press("allow")]
    assert [policy(page)["frame-ancestors"] for page in pages] == ["'none'"] * 3
    for page in pages:
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert policy(page)["default-src"] == "'none'" and "script" not in page.headers["content-security-policy"]
    assert policy(await window.client.get("/sign-in"))["frame-ancestors"] == "'none'"


@pytest.mark.parametrize(
    ("given", "referer"),
    [
        ({"verified": False}, f"{ORIGIN}/"),
        ({"verified": False}, ""),
        ({"origins": (), "verified": False}, f"{ORIGIN}/"),
        ({}, "https://evil.example/"),
        ({}, f"{ORIGIN}.evil.example/"),
        ({}, "http://bazaar.example/"),
    ],
)
async def test_in_other_frames_there_is_only_a_link_to_a_window(
    frame: Visit, product: object, given: dict[str, object], referer: str
) -> None:
    partner = await make_partner(**given)  # type: ignore[arg-type]
    page = await frame.open(partner.asks(display="frame"), Referer=referer)
    assert page.status_code == 403 and "Continue in a new window" in page.text and "<form" not in page.text
    assert 'target="_blank"' in page.text and "display" not in page.text
    assert policy(page)["frame-ancestors"] in (ORIGIN, "'none'")


async def test_an_operators_approval_stands_for_verified_origins(frame: Visit, product: object) -> None:
    partner = await make_partner(verified=False, approved=True)
    page = await frame.open(partner.asks())
    assert page.status_code == 200 and policy(page)["frame-ancestors"] == ORIGIN and "Test mode" not in page.text


async def test_browsers_that_do_not_tell_are_told_by_the_partner(product: Maker, partner: Partner) -> None:
    old = Visit(product(Accept="text/html"), {})
    assert policy(await old.open(partner.asks()))["frame-ancestors"] == "'none'"
    assert policy(await old.open(partner.asks(display="frame")))["frame-ancestors"] == ORIGIN
    told = Visit(product(Accept="text/html"), WINDOW)
    assert policy(await told.open(partner.asks(display="frame")))["frame-ancestors"] == "'none'"
