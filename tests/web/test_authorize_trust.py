"""Whom the connect page says it speaks for, and what an open visit is worth once its person has a new password."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from portside.apps.actions import approve_app
from portside.db.begin import begin
from tests.support.cast import PASSWORD, Person
from tests.support.connecting import CALLBACK, FRAME, ORIGIN, Partner, Visit, codes, make_partner
from tests.web.conftest import Browser
from tests.web.people import link_to

Maker = Callable[..., httpx.AsyncClient]
PROFILE = "/app/settings/profile"
BORROWED = "https://famous.example/"
WARNING = "We have not verified who is behind Bazaar"
NEW = "another rope and lantern"


async def consent_of(visit: Visit, partner: Partner, person: Person) -> str:
    await visit.open(partner.asks())
    return (await visit.log_in(person)).text


# A site that is shown beside the app's name.


async def test_a_site_that_nobody_verified_is_not_shown_as_the_apps(anywhere: Visit, alice: Person) -> None:
    # It has verified a site of its own, and says that it lives at somebody else's.
    partner = await make_partner(site_url=BORROWED)
    page = await consent_of(anywhere, partner, alice)
    assert "famous.example" not in page and ">bazaar.example<" in page


async def test_an_app_that_verified_nothing_is_named_by_where_it_sends_people(window: Visit, alice: Person) -> None:
    back = "https://somewhere.example/back"
    partner = await make_partner(verified=False, site_url=BORROWED, redirect_uris=(f"{BORROWED}back", back))
    await window.open(partner.asks(redirect_uri=back))
    page = (await window.log_in(alice)).text
    assert "famous.example" not in page.partition("<h1>")[0] and ">somewhere.example<" in page and WARNING in page


async def test_the_operators_word_goes_for_the_site_too(window: Visit, alice: Person) -> None:
    partner = await make_partner(verified=False, site_url="https://www.bazaar.example/shop")
    async with begin() as tx:
        await approve_app(tx, partner.app.client_id, True)
    page = await consent_of(window, partner, alice)
    assert ">www.bazaar.example<" in page and WARNING not in page


async def test_a_verified_site_is_shown(window: Visit, alice: Person) -> None:
    partner = await make_partner(redirect_uris=(CALLBACK,), site_url=f"{ORIGIN}/about")
    page = await consent_of(window, partner, alice)
    assert ">bazaar.example<" in page and WARNING not in page


# A visit on which somebody has signed in, and who then changes their password.


async def test_a_link_to_a_new_password_ends_visits_that_were_open(
    anywhere: Visit, browser: Browser, partner: Partner, alice: Person
) -> None:
    # Whoever knew the old one has come as far as the consent.
    await consent_of(anywhere, partner, alice)
    await browser.get("/forgot-password")
    await browser.post("/forgot-password", {"email": alice.email})
    token = (await link_to(alice.email)).partition("token=")[2]
    done = await browser.post("/reset-password", {"handle": token, "password": NEW})
    assert "Your password was changed" in done.text
    assert (await anywhere.press("allow")).status_code == 410
    assert await codes(partner) == 0


async def test_a_changed_password_ends_visits_that_were_open(
    anywhere: Visit, at_desk: Browser, partner: Partner, alice: Person, bob: Person, product: Maker
) -> None:
    await consent_of(anywhere, partner, alice)
    others, unsigned = Visit(product(Accept="text/html"), FRAME), Visit(product(Accept="text/html"), FRAME)
    await consent_of(others, partner, bob)
    await unsigned.open(partner.asks())
    await at_desk.get(PROFILE)
    done = await at_desk.post(f"{PROFILE}/password", {"password": PASSWORD, "new_password": NEW})
    assert done.status_code == 303
    assert (await anywhere.press("allow")).status_code == 410
    assert await codes(partner) == 0
    assert (await others.press("allow")).status_code == 200
    await unsigned.press("login", {"email": alice.email, "password": NEW})
    assert (await unsigned.press("allow")).status_code == 200
    assert await codes(partner) == 2
