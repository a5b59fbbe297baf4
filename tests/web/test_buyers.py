"""Branding, buyer messages and their log on the order's page, as an owner, a member and a stranger find them."""

from __future__ import annotations

import html
import io
import re

import httpx
import msgspec
import pytest
from PIL import Image

from portside.branding.queries import get_look, get_own
from portside.buyers.models import MessageSettings
from portside.buyers.queries import get_settings
from portside.db.begin import reading
from portside.kit import services as kit
from portside.kit.mail import Mailer, read_sender, read_server
from tests.support.buying import BUYER, TOLD_IN_TESTS, Shop, carrier, shop, visitor, words
from tests.support.cast import Person
from tests.support.labelling import scan
from tests.web.conftest import Browser

__all__ = ["carrier", "shop", "visitor"]
BRANDING = "/app/settings/branding"
MESSAGES = "/app/settings/messages"
LOOK = {"name": "Lantern & Rope", "color": "#0B6E4F", "support_email": "help@lantern.example", "tracking_page": ""}


def preview_of(page: httpx.Response) -> str:
    found = re.search(r'<iframe[^>]* src="([^"]+)"', page.text)
    assert found is not None
    return html.unescape(found[1])


def picture() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 20), "#0b6e4f").save(drawn, "JPEG", exif=b"Exif\x00\x00secret place")
    return drawn.getvalue()


async def logo_of(person: Person) -> str:
    async with reading() as tx:
        return (await get_look(tx, person.scope)).logo_url


async def test_what_is_saved_is_what_buyers_see_in_both_modes(
    at_desk: Browser, shop: Shop, visitor: httpx.AsyncClient, alice: Person
) -> None:
    label = await shop.buy()
    assert "Alice Ltd" in (await visitor.get(await shop.link(label))).text
    saved = await at_desk.post(BRANDING, LOOK)
    assert saved.status_code == 303, saved.text
    page = (await visitor.get(await shop.link(label))).text
    assert "Lantern &amp; Rope" in page and "mailto:help@lantern.example" in page and "#0b6e4f" in page
    async with reading() as tx:
        assert (await get_look(tx, alice.live_scope)).name == "Lantern & Rope"
    activity = words((await at_desk.get("/app/settings/activity")).text)
    assert "Branding changed" in activity


async def test_the_colour_that_is_set_anyway_is_none_of_ones_own(at_desk: Browser, alice: Person) -> None:
    async def own() -> str:
        async with reading() as tx:
            return (await get_own(tx, alice.scope)).color

    await at_desk.get(BRANDING)
    await at_desk.post(BRANDING, {**LOOK, "color": "#14507A"})
    assert await own() == ""
    await at_desk.post(BRANDING, LOOK)
    assert await own() == "#0b6e4f"
    await at_desk.post(BRANDING, {**LOOK, "no_color": "true"})
    assert await own() == ""


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "x" * 101, "At most 100 letters"),
        ("name", "a\u202eb", "At most 100 letters"),
        ("color", "red;}", "Write the colour like"),
        ("support_email", "nobody", "This is not an e-mail address"),
    ],
)
async def test_what_is_wrong_is_said_and_not_saved(
    at_desk: Browser, alice: Person, field: str, value: str, told: str
) -> None:
    await at_desk.get(BRANDING)
    answer = await at_desk.post(BRANDING, {**LOOK, field: value})
    assert answer.status_code == 422 and told in answer.text
    async with reading() as tx:
        assert (await get_look(tx, alice.scope)).name == "Alice Ltd"


async def test_the_preview_shows_what_is_not_saved(at_desk: Browser, visitor: httpx.AsyncClient, alice: Person) -> None:
    await at_desk.get(BRANDING)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    fragment = await at_desk.post(BRANDING, {**LOOK, "do": "preview"}, **headers)
    assert fragment.status_code == 200 and "<html" not in fragment.text
    shown = await visitor.get(preview_of(fragment))
    assert shown.status_code == 200 and "Lantern &amp; Rope" in shown.text and "Out for delivery" in shown.text
    assert "frame-ancestors 'self'" in shown.headers["content-security-policy"]
    whole = await at_desk.post(BRANDING, {**LOOK, "do": "preview"})
    assert "Lantern &amp; Rope" in (await visitor.get(preview_of(whole))).text
    async with reading() as tx:
        assert (await get_look(tx, alice.scope)).name == "Alice Ltd"


async def test_nobody_else_writes_a_preview(at_desk: Browser, visitor: httpx.AsyncClient) -> None:
    url = preview_of(await at_desk.get(BRANDING))
    assert "Alice+Ltd" in url and (await visitor.get(url)).status_code == 200
    path = url.partition("?")[0]
    changed = [url.replace("Alice", "Bank"), url[:-3], url + "&name=Bank"]
    for forged in (path, f"{path}?name=Bank", f"{path}?%00=%ff&signature=.", *changed):
        answer = await visitor.get(forged)
        assert answer.status_code == 404 and "Bank" not in answer.text, forged


async def test_a_logo_is_drawn_anew_and_seen_by_buyers(
    at_desk: Browser, shop: Shop, visitor: httpx.AsyncClient, alice: Person
) -> None:
    await at_desk.get(BRANDING)
    sent = await at_desk.client.post(
        f"{BRANDING}/logo", data={"_csrf_token": at_desk.token}, files={"logo": ("x.svg", picture(), "image/svg+xml")}
    )
    assert sent.status_code == 303, sent.text
    path = await logo_of(alice)
    label = await shop.buy()
    assert f'src="{path}"' in (await visitor.get(await shop.link(label))).text
    logo = await visitor.get(path)
    assert logo.content.startswith(b"\x89PNG") and b"secret place" not in logo.content
    assert "sandbox" in logo.headers["content-security-policy"] and alice.account_id not in path
    await at_desk.get(BRANDING)
    await at_desk.post(f"{BRANDING}/logo/remove")
    assert await logo_of(alice) == ""
    assert (await visitor.get("/brand-logos/" + "0" * 32 + ".png")).status_code == 404
    for odd in ("..%2f..%2fkeys", "%00", "x" * 5000):
        assert (await visitor.get(f"/brand-logos/{odd}")).status_code == 404


async def test_a_file_that_is_no_picture_is_refused(at_desk: Browser, alice: Person) -> None:
    await at_desk.get(BRANDING)
    files = {"logo": ("x.png", b"<svg onload=alert(1)>", "image/png")}
    answer = await at_desk.client.post(f"{BRANDING}/logo", data={"_csrf_token": at_desk.token}, files=files)
    assert answer.status_code == 422 and "not a PNG or JPEG" in answer.text and await logo_of(alice) == ""


async def test_members_may_look_and_not_change(teammate: Browser, alice: Person) -> None:
    for path in (BRANDING, MESSAGES):
        page = await teammate.get(path)
        assert page.status_code == 200 and "Only an owner of this account" in page.text
        assert (await teammate.post(path, LOOK)).status_code == 403
    for path in (f"{BRANDING}/logo", f"{BRANDING}/logo/remove"):
        assert (await teammate.post(path)).status_code == 403
    assert await logo_of(alice) == ""


async def test_what_buyers_are_told_is_chosen_by_box(at_desk: Browser, alice: Person) -> None:
    page = await at_desk.get(MESSAGES)
    ticked = re.findall(r'name="((?:email|sms)_[A-Z_]+)"[^>]* checked', page.text)
    assert ticked == [
        "email_PRE_TRANSIT",
        "email_DELAYED",
        "email_OUT_FOR_DELIVERY",
        "email_DELIVERED",
        "email_FAILURE",
        "email_RETURNED",
    ]
    boxes = {"email_DELIVERED": "true", "sms_FAILURE": "true", "in_test_mode": "true", "email_NONSENSE": "true"}
    assert (await at_desk.post(MESSAGES, boxes)).status_code == 303
    async with reading() as tx:
        known = await get_settings(tx, alice.live_scope)
    assert known == MessageSettings(email=("DELIVERED",), sms=("FAILURE",), in_test_mode=True)
    await at_desk.get(MESSAGES)
    assert (await at_desk.post(MESSAGES)).status_code == 303
    async with reading() as tx:
        assert await get_settings(tx, alice.scope) == MessageSettings(email=())
    assert "Buyer messages changed" in words((await at_desk.get("/app/settings/activity")).text)


async def test_the_orders_page_tells_what_was_told_and_sends_again(at_desk: Browser, shop: Shop) -> None:
    await shop.tells(msgspec.structs.replace(TOLD_IN_TESTS, sms=("PRE_TRANSIT",)))
    silent = {**BUYER, "phone": ""}
    order = await shop.order(to_address=silent)
    path = f"/app/orders/{order}"
    assert 'id="messages"' in (await at_desk.get(path)).text
    label = await shop.buy(order=order, to=silent)
    page = await at_desk.get(path)
    text = words(page.text)
    assert "E-mail to carla@buyer.example" in text and "Kept in the mailbox" in text and "Not sent" in text
    (poll,) = re.findall(rf'hx-get="({path}/messages\?seen=[0-9a-f]+)"', page.text)
    assert (await at_desk.poll(poll)).status_code == 204
    await shop.scan(label, scan("DELIVERED", "delivered", 44))
    assert "Delivered" in words((await at_desk.poll(poll)).text)
    (url,) = set(re.findall(rf'action="({path}/messages/[0-9a-f]+)"', page.text)) - {
        f"{path}/messages/{each.id}" for each in await shop.told(label) if each.channel == "email"
    }
    refused = await at_desk.post(url)
    assert refused.status_code == 303 and "The address has none" in (await at_desk.get(path)).text
    delivered = [each for each in await shop.told(label) if each.status == "DELIVERED"]
    await at_desk.post(f"{path}/messages/{delivered[0].id}")
    assert (await shop.statuses(label)).count("DELIVERED") == 2
    assert "Delivered (again)" in words((await at_desk.get(path)).text)


async def test_a_stranger_sends_nothing_again(at_desk: Browser, shop: Shop, charlie: Person) -> None:
    await shop.tells()
    order = await shop.order()
    label = await shop.buy(order=order)
    (message,) = await shop.told(label)
    other = await shop.order()
    assert (await at_desk.post(f"/app/orders/{other}/messages/{message.id}")).status_code == 404
    await at_desk.post("/sign-out")
    await at_desk.sign_in(charlie)
    await at_desk.get("/app/orders")
    assert (await at_desk.post(f"/app/orders/{order}/messages/{message.id}")).status_code == 404
    assert (await at_desk.get(f"/app/orders/{order}/messages")).status_code == 404
    assert len(await shop.told(label)) == 1


async def test_tracking_pages_are_a_click_away(at_desk: Browser, shop: Shop) -> None:
    order = await shop.order()
    label = await shop.buy(order=order)
    link = "http://portside.test" + await shop.link(label)
    for path in (f"/app/orders/{order}", "/app/shipments"):
        page = (await at_desk.get(path)).text
        assert f'href="{link}"' in page and f'data-copy="{link}"' in page


async def test_with_a_server_only_test_messages_stay_to_be_read(
    at_desk: Browser, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer = Mailer(read_server("smtp://127.0.0.1"), read_sender("post@portside.example"))
    monkeypatch.setattr(kit, "_installed", msgspec.structs.replace(kit.services(), mailer=mailer))
    assert (await at_desk.get("/app/mailbox")).status_code == 404
    await shop.tells()
    await shop.buy()
    page = await at_desk.get("/app/mailbox")
    assert "[Test] Alice Ltd: Shipped" in page.text
    await at_desk.post("/app/mode", {"mode": "live"})
    assert (await at_desk.get("/app/mailbox")).status_code == 404
