"""Authorization requests, and where their answers go."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from portside.oauth import rules
from portside.oauth.rules import OAuthError

GOOD = {"response_type": "code", "client_id": "partner_x", "scope": "*", "state": "xyz"}
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def read(*extra: tuple[str, str], live: bool = True, **changes: str | None) -> rules.AuthorizeRequest:
    pairs = [(name, value) for name, value in {**GOOD, **changes}.items() if value is not None]
    return rules.authorize_request([*pairs, *extra], may_grant_live=live)


def test_a_good_request() -> None:
    asked = read()
    assert (asked.scopes, asked.state, asked.mode, asked.code_challenge) == ("*", "xyz", "live", None)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("orders:write orders:read", "orders:read orders:write"),
        ("orders:read  orders:read", "orders:read"),
        ("orders:read *", "*"),
        ("embedded:carriers", "embedded:carriers"),
    ],
)
def test_scopes_are_kept_in_order_and_once(given: str, kept: str) -> None:
    assert read(scope=given).scopes == kept


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": " "}, "invalid_scope"),
        ({"scope": "default"}, "invalid_scope"),
        ({"scope": "orders:read everything"}, "invalid_scope"),
        ({"scope": "ORDERS:READ"}, "invalid_scope"),
        ({"scope": "orders:read\n"}, "invalid_scope"),
        ({"mode": "TEST"}, "invalid_request"),
        ({"state": "a" * 2049}, "invalid_request"),
        ({"state": "a\x00b"}, "invalid_request"),
        ({"state": "\ud800"}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "=", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_requests_that_are_refused(changes: dict[str, Any], error: str) -> None:
    with pytest.raises(OAuthError) as refusal:
        read(**changes)
    assert refusal.value.code == error


@pytest.mark.parametrize("name", ["state", "scope", "response_type", "code_challenge", "mode"])
def test_a_parameter_that_is_there_twice_is_refused(name: str) -> None:
    with pytest.raises(OAuthError) as refusal:
        read((name, "again"), code_challenge=CHALLENGE, code_challenge_method="S256", mode="test")
    assert refusal.value.code == "invalid_request"


@pytest.mark.parametrize(
    ("live", "asked", "mode"), [(True, None, "live"), (True, "test", "test"), (False, None, "test")]
)
def test_the_mode_is_live_where_it_may_be(live: bool, asked: str | None, mode: str) -> None:
    assert read(live=live, mode=asked).mode == mode


def test_an_app_that_is_not_live_gets_no_live_grant() -> None:
    with pytest.raises(OAuthError) as refusal:
        read(live=False, mode="live")
    assert refusal.value.code == "unauthorized_client"


def test_what_is_malformed_of_the_merchant_is_left_out() -> None:
    asked = read(email="not an e-mail", first_name="Ann\x00", last_name="x" * 101, company_name=" Demo Shop ")
    assert (asked.prefill.email, asked.prefill.first_name, asked.prefill.last_name) == ("", "", "")
    assert asked.prefill.company_name == "Demo Shop"
    assert read(email="shop@example.com").prefill.email == "shop@example.com"


@pytest.mark.parametrize("state", ["xyz", "a b", "é&code=forged", "1#2", "%41", "=", "+"])
@pytest.mark.parametrize("uri", ["https://a.example/back", "https://a.example/back?shop=1", "https://a.example/back?"])
def test_the_answer_goes_back_with_the_very_state(uri: str, state: str) -> None:
    parts = urlsplit(rules.granted_uri(uri, "the-code", state))
    values = parse_qs(parts.query, keep_blank_values=True, strict_parsing=not uri.endswith("?"))
    assert (parts.hostname, parts.path, parts.fragment) == ("a.example", "/back", "")
    assert values.pop("shop", ["1"]) == ["1"]
    assert values == {"code": ["the-code"], "state": [state]}


def test_a_refusal_goes_back_without_a_code() -> None:
    uri = rules.refused_uri("https://a.example/back", OAuthError("access_denied", "The person said no."), None)
    assert parse_qs(urlsplit(uri).query) == {
        "error": ["access_denied"],
        "error_description": ["The person said no."],
    }
