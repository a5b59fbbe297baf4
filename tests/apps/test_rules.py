"""What may be registered as a redirect URI or an origin, and what follows from it."""

from __future__ import annotations

import datetime as dt

import pytest

from portside.apps.models import App, AppChanges, Origin
from portside.apps.rules import (
    checked_changes,
    checked_name,
    checked_origin,
    checked_redirect_uri,
    checked_site,
    frame_origins,
    known_site,
    may_frame,
    may_grant_live,
    redirect_uri_of,
    site_of,
)
from portside.errors import FieldErrors
from portside.kit.ids import new_id

MOMENT = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def an_app(**changes: object) -> App:
    said = {
        "id": new_id(),
        "account_id": new_id(),
        "name": "Lighthouse Store",
        "site_url": "",
        "client_id": "partner_1",
        "secret_hint": "abcd",
        "previous_secret_until": None,
        "logo_key": None,
        "redirect_uris": ("https://store.example/callback",),
        "origins": (),
        "live": True,
        "certified": False,
        "approved": False,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return App(**{**said, **changes})  # type: ignore[arg-type]


def an_origin(origin: str, *, verified: bool) -> Origin:
    return Origin(origin=origin, challenge="text", verified_at=MOMENT if verified else None)


@pytest.mark.parametrize(
    "uri",
    [
        "https://store.example/callback",
        "https://store.example",
        "https://store.example:8443/a/b?shop=1&x=",
        "https://10.0.0.5/callback",
        "https://[2001:db8::1]:8443/callback",
        "https://xn--bcher-kva.example/callback",
        "http://127.0.0.1:8100/callback",
        "http://[::1]:8100/callback",
        "http://localhost/callback",
        "http://store.localhost:8100/shippo-oauth-redirect/",
    ],
)
def test_a_redirect_uri_is_kept_as_it_is_written(uri: str) -> None:
    assert checked_redirect_uri(uri) == uri


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("https://store.example/callback#top", "fragment"),
        ("https://store.example/callback#", "fragment"),
        ("https://paula:secret@store.example/callback", "user name"),
        ("https://store.example@evil.example/callback", "user name"),
        ("https://*.store.example/callback", "wildcard"),
        ("https://store.example/*", "wildcard"),
        ("javascript:alert(1)", "https://"),
        ("javascript://store.example/%0aalert(1)", "https://"),
        ("data:text/html,hello", "https://"),
        ("file:///etc/passwd", "https://"),
        ("myapp://callback", "https://"),
        ("//store.example/callback", "https://"),
        ("/callback", "https://"),
        ("https:store.example/callback", "https://"),
        ("https:/store.example/callback", "https://"),
        ("http://store.example/callback", "this machine only"),
        ("http://127.0.0.1.nip.io/callback", "this machine only"),
        ("http://localhost.store.example/callback", "this machine only"),
        ("http://notlocalhost/callback", "this machine only"),
        ("http://0.0.0.0:8100/callback", "this machine only"),
        ("http://2130706433/callback", "no valid host"),
        ("http://0x7f.1/callback", "no valid host"),
        ("https://", "no valid host"),
        ("https:///callback", "no valid host"),
        ("https://store..example/callback", "no valid host"),
        ("https://-store.example/callback", "no valid host"),
        ("https://store_1.example;script-src/callback", "no valid host"),
        ("https://store%2eexample/callback", "no valid host"),
        ("https://store.example:/callback", "no valid host"),
        ("https://store.example:0/callback", "no valid host"),
        ("https://store.example:99999/callback", "cannot be read"),
        ("https://[::1/callback", "cannot be read"),
        ("https://[::1]x/callback", "no valid host"),
        ("https://store.example/call back", "character"),
        ("https://store.example\\@evil.example/", "character"),
        ("https://store.example/\r\nSet-Cookie:x", "character"),
        ("https://store.example/\x00", "character"),
        ("https://store.example/" + "a" * 1000, "longer"),
        ("https://b\u00fccher.example/callback", "xn--bcher-kva.example"),
        ("https://store.example/caf\u00e9", "ASCII"),
        ("https://store.example/callback?code=1", "code"),
        ("https://store.example/callback?x=1&state", "state"),
    ],
)
def test_other_redirect_uris_are_refused_with_the_reason(uri: str, told: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        checked_redirect_uri(uri)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example:443/", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://localhost:80", "http://localhost"),
        ("http://store.localhost:8100", "http://store.localhost:8100"),
        ("http://[::1]:8100", "http://[::1]:8100"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(given: str, kept: str) -> None:
    assert checked_origin(given) == kept


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example/path",
        "https://shop.example?x",
        "https://shop.example?",
        "https://shop.example#x",
        "https://*.shop.example",
        "http://shop.example",
        "https://a:b@shop.example",
        "https://shop.example; script-src *",
        "https://shop.example,https://evil.example",
        "shop.example",
        "null",
        "*",
        "",
        "https://sh\u00f6p.example",
        "data:",
    ],
)
def test_other_origins_are_refused(origin: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        checked_origin(origin)


@pytest.mark.parametrize("site", ["javascript:alert(1)", "http://store.example", "store.example", "https://a b"])
def test_a_site_is_a_link_that_may_be_shown(site: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        checked_site(site)
    assert checked_site("") == ""


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "Ship\u202epo", "A\u200bB", "A\x00B", "A\ue000B"])
def test_a_name_hides_nothing(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        checked_name(name)
    assert checked_name("  L'Échoppe \n d'Été ") == "L'Échoppe d'Été"


def changes(**given: object) -> AppChanges:
    said = {"name": "App", "redirect_uris": ("https://a.example/cb",), "origins": (), "site_url": "", "live": False}
    return AppChanges(**{**said, **given})  # type: ignore[arg-type]


def test_everything_wrong_is_told_at_once_and_which_line() -> None:
    with pytest.raises(FieldErrors) as refused:
        checked_changes(
            changes(
                name="", redirect_uris=("https://a.example/cb", "ftp://b.example"), origins=("https://a.example/x",)
            )
        )
    assert set(refused.value.errors) == {"name", "redirect_uris", "origins"}
    assert refused.value.errors["redirect_uris"][0].startswith("ftp://b.example: ")


def test_there_is_at_least_one_redirect_uri_and_not_a_thousand() -> None:
    for uris in ((), ("  ",), tuple(f"https://a.example/{n}" for n in range(1000))):
        with pytest.raises(FieldErrors):
            checked_changes(changes(redirect_uris=uris))


def test_repeated_lines_count_once() -> None:
    tidy = checked_changes(
        changes(
            redirect_uris=("https://a.example/cb ", "https://a.example/cb"),
            origins=("https://a.example/", "https://A.example"),
        )
    )
    assert (tidy.redirect_uris, tidy.origins) == (("https://a.example/cb",), ("https://a.example",))


def test_people_are_sent_back_to_exactly_what_was_registered() -> None:
    one = an_app()
    two = an_app(redirect_uris=("https://a.example/cb", "https://b.example/cb"))
    assert redirect_uri_of(one, None) == redirect_uri_of(one, "") == "https://store.example/callback"
    assert redirect_uri_of(two, None) is None
    assert redirect_uri_of(two, "https://b.example/cb") == "https://b.example/cb"
    for other in (
        "https://b.example/cb/",
        "https://b.example/CB",
        "https://B.example/cb",
        "https://b.example/cb?x=1",
        "https://b.example/cb#",
        "https://b.example:443/cb",
        "https://evil.example/cb",
    ):
        assert redirect_uri_of(two, other) is None


def test_only_verified_sites_may_frame_unless_the_operator_says_so() -> None:
    origins = (an_origin("https://a.example", verified=True), an_origin("https://b.example", verified=False))
    app = an_app(origins=origins)
    assert may_frame(app, "https://a.example") and not may_frame(app, "https://b.example")
    assert frame_origins(an_app(origins=origins, approved=True)) == ("https://a.example", "https://b.example")
    assert not may_frame(an_app(approved=True), "https://a.example")


def test_only_live_apps_of_known_owners_get_live_grants() -> None:
    verified = (an_origin("https://a.example", verified=True),)
    assert may_grant_live(an_app(origins=verified))
    assert may_grant_live(an_app(approved=True))
    assert not may_grant_live(an_app())
    assert not may_grant_live(an_app(origins=(an_origin("https://a.example", verified=False),)))
    assert not may_grant_live(an_app(origins=verified, live=False))
    assert not may_grant_live(an_app(approved=True, live=False))


def test_an_app_without_a_site_is_found_where_it_sends_people_back_to() -> None:
    assert site_of(an_app(redirect_uris=("http://store.localhost:8100/a/b?c",))) == "http://store.localhost:8100/"


def test_a_site_is_an_apps_if_it_is_verified_or_the_operator_says_so() -> None:
    site = "https://Store.example:443/ship"
    store, own = ("https://store.example", "https://own.example")
    for known in ({"approved": True}, {"certified": True}, {"origins": (an_origin(store, verified=True),)}):
        assert known_site(an_app(site_url=site, **known)) == site
    # Anybody could type it.
    borrowed = (an_origin(store, verified=False), an_origin(own, verified=True))
    assert known_site(an_app(site_url=site, origins=borrowed)) == f"{own}/"
    assert known_site(an_app(site_url=site, origins=borrowed[:1])) == known_site(an_app()) == ""
