"""Whose word holds of how a page looks and what buyers are told; and colours that can always be read."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from portside.branding.actions import save_branding
from portside.branding.models import Look, OwnBranding
from portside.branding.queries import get_look
from portside.branding.rules import contrast, shades
from portside.buyers.actions import save_settings
from portside.buyers.models import MessageSettings
from portside.buyers.queries import get_settings
from portside.buyers.rules import DEFAULTS
from portside.db.begin import begin, reading
from portside.kit.scope import Scope
from portside.portal.render import headers
from portside.tracking.actions import register_track
from portside.tracking.rules import page_path
from tests.support.cast import Person
from tests.support.terms import MANAGED, settled

SETTLED: dict[str, Any] = {
    "branding": {
        "name": "Hippo Hats",
        "color": "#FFEE00",
        "logo_url": "https://cdn.hippo.example:8443/logo.png?v=1",
        "support_email": "help@hippo.example",
        "tracking_page": "carrier",
    },
    "notifications": {"email": ["DELIVERED"], "sms": ["DELIVERED"]},
}


@pytest.fixture
async def merchant(api: httpx.AsyncClient) -> Scope:
    """An account that alice's platform manages and has settled everything for."""
    made = await api.post("/shippo-accounts", json=MANAGED)
    assert made.status_code == 201, made.text
    await settled(api, made.json()["object_id"], **SETTLED)
    return Scope(made.json()["object_id"], "test", "")


async def look(scope: Scope) -> Look:
    async with reading() as tx:
        return await get_look(tx, scope)


async def test_a_platforms_word_holds_until_the_merchant_says_otherwise(merchant: Scope) -> None:
    theirs = await look(merchant)
    assert theirs == Look(**{**SETTLED["branding"], "color": "#ffee00"})
    async with begin() as tx:
        await save_branding(tx, merchant, OwnBranding(name="Our Hats", tracking_page="branded"))
    ours = await look(merchant)
    assert (ours.name, ours.tracking_page, ours.color) == ("Our Hats", "branded", "#ffee00")
    live = msgspec.structs.replace(merchant, mode="live")
    assert (await look(live)).name == "Our Hats" and (await look(live)).color != "#ffee00"


async def test_the_same_with_what_buyers_are_told(merchant: Scope) -> None:
    async with reading() as tx:
        assert await get_settings(tx, merchant) == MessageSettings(email=("DELIVERED",), sms=("DELIVERED",))
        live = await get_settings(tx, msgspec.structs.replace(merchant, mode="live"))
    assert live == DEFAULTS
    async with begin() as tx:
        await save_settings(tx, merchant, MessageSettings(email=(), sms=()))
        assert await get_settings(tx, merchant) == MessageSettings(email=())


async def test_a_logo_of_elsewhere_is_shown_and_nothing_else_from_there(
    merchant: Scope, product: Callable[..., httpx.AsyncClient]
) -> None:
    async with begin() as tx:
        await save_branding(tx, merchant, OwnBranding(tracking_page="branded"))
        track = await register_track(tx, merchant, "usps", "HATS1234")
    async with product() as visitor:
        page = await visitor.get(page_path(track.link))
    assert 'src="https://cdn.hippo.example:8443/logo.png?v=1"' in page.text
    policy = page.headers["content-security-policy"]
    assert "img-src 'self' data: https://cdn.hippo.example:8443;" in policy and policy.count("hippo") == 1


@pytest.mark.parametrize("url", ["", "/brand-logos/x.png", "http://plain.example/x.png", "javascript:alert(1)"])
def test_other_logos_open_no_host(url: str) -> None:
    policy = headers(Look(name="", logo_url=url, color="#000000", support_email=""))["Content-Security-Policy"]
    assert "img-src 'self' data:;" in policy


async def test_without_a_word_it_is_the_company(alice: Person) -> None:
    assert (await look(alice.scope)).name == "Alice Ltd"


def test_every_colour_can_be_read_in_light_and_dark() -> None:
    dice = random.Random(7)
    colors = ["#000000", "#ffffff", "#ffff00", "#808080", *(f"#{dice.randrange(1 << 24):06x}" for _ in range(500))]
    for color in colors:
        made = shades(color)
        assert contrast(made.on_light, "#ffffff") >= 4.5, color
        assert contrast(made.on_dark, "#1b2229") >= 4.5, color
        assert contrast(made.on_band, made.band) >= 4.5, color
    assert shades("#14507a").on_light == "#14507a"
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
