"""Developer apps in the browser: registered, verified, drawn, rotated and deleted by the owner, and by nobody else."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from PIL import Image

from portside.apps import actions
from portside.apps.models import App, AppDraft
from portside.apps.queries import find_app_by_client_id, find_app_of_secret, list_connected_accounts
from portside.db.begin import begin, reading
from tests.support.cast import Person
from tests.web.conftest import Browser

PATH = "/app/settings/apps"
FORM = {
    "name": "Lighthouse Store",
    "site_url": "https://store.example",
    "redirect_uris": "https://store.example/callback\r\nhttp://localhost:8100/cb",
    "origins": "https://store.example/",
    "live": "true",
}
MULTIPART = "multipart/form-data; boundary=x"
PART = b"--x\r\nContent-Disposition: form-data; "
_SECRET = re.compile(r"secret_[0-9a-f]{40}")
_CLIENT_ID = re.compile(r"partner_[0-9a-f]{24}")


class Site:
    """A partner's site on loopback that answers every request alike, and keeps the paths that were asked for."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.answer = (200, "")
        self.paths: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.paths.append(head.split()[1].decode())
        status, text = self.answer
        body = text.encode()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """The partner's site while the test runs."""
    made = Site("")
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()
    await server.wait_closed()


def png() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (60, 30), 90).save(drawn, "PNG")
    return drawn.getvalue()


async def register(at_desk: Browser, **changes: str) -> tuple[App, str]:
    """A new app through the form, and its secret."""
    await at_desk.get(f"{PATH}/new")
    made = await at_desk.post(PATH, {**FORM, **changes})
    assert made.status_code == 200, made.text
    found = _CLIENT_ID.search(made.text)
    assert found is not None
    async with reading() as tx:
        app = await find_app_by_client_id(tx, found[0])
    assert app is not None
    return app, _SECRET.findall(made.text)[0]


async def connected(app: App, person: Person) -> None:
    async with begin() as tx:
        await actions.connect(tx, person.scope, app.id, "*", None)


async def upload(at_desk: Browser, app: App, content: bytes, **headers: str) -> httpx.Response:
    files = {"logo": ("logo.png", content, "image/png")}
    fields = {"_csrf_token": at_desk.token}
    return await at_desk.client.post(f"{PATH}/{app.id}/logo", data=fields, files=files, headers=headers)


async def test_the_secret_of_a_new_app_is_shown_once(at_desk: Browser) -> None:
    app, secret = await register(at_desk)
    async with reading() as tx:
        assert await find_app_of_secret(tx, app.client_id, secret) == app
    page = await at_desk.get(f"{PATH}/{app.id}")
    assert secret not in page.text and app.client_id in page.text and app.secret_hint in page.text
    assert "Live once a site is verified" in page.text
    assert app.redirect_uris == ("https://store.example/callback", "http://localhost:8100/cb")
    assert [known.origin for known in app.origins] == ["https://store.example"]
    rows = await at_desk.get(PATH)
    assert "Lighthouse Store" in rows.text and app.client_id in rows.text


async def test_the_page_holds_an_address_to_connect_by_and_three_ways_to_show_it(at_desk: Browser) -> None:
    app, _ = await register(at_desk)
    page = await at_desk.get(f"{PATH}/{app.id}")
    url = (
        f"http://portside.test/oauth/authorize?response_type=code&amp;client_id={app.client_id}&amp;scope=*&amp;"
        "state=RANDOM-VALUE-OF-THE-SESSION&amp;redirect_uri=https%3A%2F%2Fstore.example%2Fcallback"
    )
    assert url in page.text
    assert all(word in page.text for word in ("&lt;iframe src=", "window.open(", "&lt;a href="))


async def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(at_desk: Browser, alice: Person) -> None:
    await at_desk.get(f"{PATH}/new")
    wrong = {**FORM, "redirect_uris": "javascript:alert(1)", "origins": "https://store.example/path", "name": " "}
    answer = await at_desk.post(PATH, wrong)
    assert answer.status_code == 422
    assert "javascript:alert(1): It must begin with https://." in answer.text
    assert "without a path" in answer.text and "Give the app a name." in answer.text
    many = "\n".join(f"https://store.example/{n}" for n in range(1000))
    assert "at most 20" in (await at_desk.post(PATH, {**FORM, "redirect_uris": many})).text
    assert (await at_desk.post(PATH, {**FORM, "name": "A\x00B"})).status_code == 400
    assert (await at_desk.post(PATH, {})).status_code == 422
    assert "No apps yet" in (await at_desk.get(PATH)).text


async def test_an_app_is_edited(at_desk: Browser) -> None:
    app, _ = await register(at_desk)
    form = await at_desk.get(f"{PATH}/{app.id}/edit")
    assert "https://store.example/callback\nhttp://localhost:8100/cb" in form.text and "checked" in form.text
    bad = await at_desk.post(f"{PATH}/{app.id}/edit", {**FORM, "redirect_uris": "https://a.example/#x"})
    assert bad.status_code == 422 and "fragment" in bad.text
    answer = await at_desk.post(f"{PATH}/{app.id}/edit", {**FORM, "name": "Renamed <b>", "live": ""})
    assert answer.headers["location"] == f"{PATH}/{app.id}"
    page = await at_desk.get(f"{PATH}/{app.id}")
    assert "Renamed &lt;b&gt;" in page.text and "Test data only" in page.text


@pytest.mark.parametrize(("choice", "old_works"), [("keep", True), ("end", False)])
async def test_a_secret_is_rotated_as_the_owner_wishes(at_desk: Browser, choice: str, old_works: bool) -> None:
    app, first = await register(at_desk)
    page = await at_desk.post(f"{PATH}/{app.id}/secret", {"old": choice})
    second = _SECRET.findall(page.text)[0]
    assert second != first and ("The one before it stops working" in page.text) == old_works
    async with reading() as tx:
        assert (await find_app_of_secret(tx, app.client_id, first) is not None) == old_works
        assert await find_app_of_secret(tx, app.client_id, second) is not None


async def test_a_logo_is_drawn_anew_and_served_to_everybody(
    at_desk: Browser, product: Callable[..., httpx.AsyncClient]
) -> None:
    app, _ = await register(at_desk)
    async with product() as anybody:
        assert (await anybody.get(f"/app-logos/{app.id}")).status_code == 404
        answer = await upload(at_desk, app, png() + b"<script>alert(1)</script>")
        assert answer.status_code == 303, answer.text
        found = re.search(rf'src="(/app-logos/{app.id}\?v=[0-9a-f]+)"', (await at_desk.get(f"{PATH}/{app.id}")).text)
        assert found is not None
        logo = await anybody.get(found[1])
        assert (logo.status_code, logo.headers["content-type"]) == (200, "image/png")
        assert logo.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in logo.headers["content-security-policy"]
        assert "immutable" in logo.headers["cache-control"] and "set-cookie" not in logo.headers
        assert b"script" not in logo.content
        with Image.open(io.BytesIO(logo.content)) as image:
            assert (image.format, image.size) == ("PNG", (256, 256))
        again = await anybody.get(found[1], headers={"If-None-Match": logo.headers["etag"]})
        assert again.status_code == 304 and again.content == b""
        assert "immutable" not in (await anybody.get(f"/app-logos/{app.id}?v=old")).headers["cache-control"]
        assert (await at_desk.post(f"{PATH}/{app.id}/logo/remove")).status_code == 303
        assert (await anybody.get(f"/app-logos/{app.id}")).status_code == 404
        for nothing in ("0" * 32, "x", "..%2f..%2fetc", "%00", "a" * 5000):
            assert (await anybody.get(f"/app-logos/{nothing}")).status_code == 404


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG or JPEG"),
        (b"", "Choose a picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(1_000_000), "larger than 1 MB"),
    ],
)
async def test_what_is_no_logo_is_told_at_the_field(at_desk: Browser, content: bytes, told: str) -> None:
    app, _ = await register(at_desk)
    answer = await upload(at_desk, app, content)
    assert answer.status_code == 422 and told in answer.text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"nothing of the kind", MULTIPART),
        (b"--x\r\n", "multipart/form-data"),
        (PART + b"name=a\r\n\r\n\xff\r\n--x--\r\n", MULTIPART),
        (PART + b"name=a\r\nContent-Type: text/plain; charset=none\r\n\r\nb\r\n--x--\r\n", MULTIPART),
        (PART + b"name=_csrf_token\r\n\r\n" + b"a" * 6_000_000, MULTIPART),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(at_desk: Browser, body: bytes, content_type: str) -> None:
    app, _ = await register(at_desk)
    headers = {"Content-Type": content_type, "X-CSRFToken": at_desk.token}
    answer = await at_desk.client.post(f"{PATH}/{app.id}/logo", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text


async def test_a_site_is_verified_by_what_it_publishes(at_desk: Browser, site: Site) -> None:
    app, _ = await register(at_desk, origins=site.origin)
    verify = f"{PATH}/{app.id}/origin"
    text = app.origins[0].challenge
    for status, body, told in (
        (404, "", "The answer has status 404."),
        (302, "", "It redirects"),
        (200, "", "The answer is empty."),
        (200, "<h1>Hello</h1>", "There is another text: “&lt;h1&gt;Hello&lt;/h1&gt;”"),
        (200, text + "x", "There is another text"),
    ):
        site.answer = (status, body)
        answer = await at_desk.post(verify, {"origin": site.origin})
        assert answer.status_code == 422 and told in answer.text
    site.answer = (200, f"somebody else's line\r\n{text}\r\n")
    answer = await at_desk.post(verify, {"origin": site.origin})
    assert answer.status_code == 303
    page = await at_desk.get(f"{PATH}/{app.id}")
    assert "Verified" in page.text and "Not verified" not in page.text and text not in page.text
    assert site.paths[-1] == "/.well-known/portside-app.txt"
    assert (await at_desk.post(verify, {"origin": "https://other.example"})).status_code == 404


async def test_a_site_that_cannot_be_asked_is_told(at_desk: Browser) -> None:
    app, _ = await register(at_desk, origins="https://10.1.2.3\nhttp://localhost:1")
    for origin, told in (("https://10.1.2.3", "may not be called"), ("http://localhost:1", "No answer")):
        answer = await at_desk.post(f"{PATH}/{app.id}/origin", {"origin": origin})
        assert answer.status_code == 422 and told in answer.text


async def test_nothing_is_done_without_end(at_desk: Browser) -> None:
    app, _ = await register(at_desk, origins="https://10.1.2.3")
    looks = [await at_desk.post(f"{PATH}/{app.id}/origin", {"origin": "https://10.1.2.3"}) for _ in range(61)]
    assert [answer.status_code for answer in looks] == [422] * 60 + [429]
    assert looks[-1].headers["retry-after"] == "3600"
    pictures = [await upload(at_desk, app, b"") for _ in range(31)]
    assert [answer.status_code for answer in pictures] == [422] * 30 + [429]
    made = [await at_desk.post(PATH, {}) for _ in range(60)]
    assert [answer.status_code for answer in made] == [422] * 59 + [429]


async def test_a_deleted_app_lets_go_of_everybody(at_desk: Browser, charlie: Person) -> None:
    app, secret = await register(at_desk)
    await connected(app, charlie)
    assert "1 account connected" in " ".join((await at_desk.get(f"{PATH}/{app.id}")).text.split())
    answer = await at_desk.post(f"{PATH}/{app.id}/delete")
    assert answer.headers["location"] == PATH
    async with reading() as tx:
        assert await list_connected_accounts(tx, app.id) == []
        assert await find_app_of_secret(tx, app.client_id, secret) is None
    assert (await at_desk.get(f"{PATH}/{app.id}")).status_code == 404


def paths_of(app: App) -> list[tuple[str, str, dict[str, Any]]]:
    url = f"{PATH}/{app.id}"
    return [
        ("GET", url, {}),
        ("GET", f"{url}/edit", {}),
        ("POST", f"{url}/edit", FORM),
        ("POST", f"{url}/secret", {"old": "end"}),
        ("POST", f"{url}/origin", {"origin": "https://store.example"}),
        ("POST", f"{url}/logo", {}),
        ("POST", f"{url}/logo/remove", {}),
        ("POST", f"{url}/delete", {}),
    ]


async def test_another_partner_finds_no_app_of_ours(
    at_desk: Browser, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    app, secret = await register(at_desk)
    other = Browser(product(Accept="text/html"))
    await other.sign_in(charlie)
    await other.get(PATH)
    for method, path, fields in paths_of(app):
        answer = await (other.get(path) if method == "GET" else other.post(path, fields))
        assert answer.status_code == 404, path
    async with reading() as tx:
        assert await find_app_of_secret(tx, app.client_id, secret) == app


async def test_a_teammate_looks_and_changes_nothing(at_desk: Browser, teammate: Browser) -> None:
    app, secret = await register(at_desk)
    rows, page = await teammate.get(PATH), await teammate.get(f"{PATH}/{app.id}")
    assert rows.status_code == page.status_code == 200
    assert "Register app" not in rows.text and "New secret" not in page.text and "Delete app" not in page.text
    assert (await teammate.get(f"{PATH}/new")).status_code == 403
    assert (await teammate.post(PATH, FORM)).status_code == 403
    for method, path, fields in paths_of(app)[1:]:
        answer = await (teammate.get(path) if method == "GET" else teammate.post(path, fields))
        assert answer.status_code == 403, path
    async with reading() as tx:
        assert await find_app_of_secret(tx, app.client_id, secret) == app


async def test_a_form_of_another_site_does_nothing(at_desk: Browser) -> None:
    app, secret = await register(at_desk)
    for method, path, fields in [*paths_of(app), ("POST", PATH, FORM)]:
        if method == "POST":
            forged = await at_desk.client.post(path, data={**fields, "_csrf_token": "forged"})
            foreign = await at_desk.post(path, fields, **{"Sec-Fetch-Site": "cross-site"})
            assert (forged.status_code, foreign.status_code) == (403, 403), path
    assert (await upload(at_desk, app, png(), **{"Sec-Fetch-Site": "cross-site"})).status_code == 403
    async with reading() as tx:
        assert await find_app_of_secret(tx, app.client_id, secret) == app


async def test_nobody_registers_without_an_account(browser: Browser) -> None:
    answer = await browser.get(PATH)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")


async def test_what_the_owner_did_is_written_down_with_their_address(at_desk: Browser, alice: Person) -> None:
    app, secret = await register(at_desk)
    await upload(at_desk, app, png())
    await at_desk.post(f"{PATH}/{app.id}/secret", {"old": "end"})
    await at_desk.post(f"{PATH}/{app.id}/delete")
    async with reading() as tx:
        rows = await tx.fetch(
            "SELECT action, actor, address, details::text AS details FROM audit_entries "
            "WHERE account_id = $1 AND action LIKE 'app.%' ORDER BY id",
            alice.account_id,
        )
    assert [row["action"] for row in rows] == ["app.created", "app.changed", "app.secret_rotated", "app.deleted"]
    assert all(row["actor"].startswith("user:") and row["address"] for row in rows)
    assert not any(secret in row["details"] for row in rows)


async def test_an_operators_app_of_an_account_is_shown_as_approved(at_desk: Browser, alice: Person) -> None:
    draft = AppDraft(
        scope=alice.scope,
        name="Quay",
        redirect_uris=("https://quay.example/cb",),
        origins=("https://quay.example",),
        live=True,
        certified=True,
        approved=True,
    )
    async with begin() as tx:
        app, _ = await actions.create_app(tx, draft)
    page = await at_desk.get(f"{PATH}/{app.id}")
    assert "Approved by the operator" in page.text and "Certified" in page.text and "Test data only" not in page.text


async def test_the_form_says_what_ends_the_operators_word_and_it_does(at_desk: Browser) -> None:
    app, _ = await register(at_desk)
    assert "ends that" not in (await at_desk.get(f"{PATH}/{app.id}/edit")).text
    async with begin() as tx:
        await actions.certify_app(tx, app.client_id, True)
        await actions.approve_app(tx, app.client_id, True)
    form = (await at_desk.get(f"{PATH}/{app.id}/edit")).text
    assert "The operator has certified and approved this app" in form and "redirect URI ends that" in form
    await at_desk.post(f"{PATH}/{app.id}/edit", {**FORM, "live": ""})
    page = (await at_desk.get(f"{PATH}/{app.id}")).text
    assert "Certified" in page and "Approved by the operator" in page and "Another logo ends that." in page
    await at_desk.post(f"{PATH}/{app.id}/edit", {**FORM, "name": "Lantern Post"})
    page = (await at_desk.get(f"{PATH}/{app.id}")).text
    assert "The app is not certified and approved any more." in page
    assert "Approved by the operator" not in page and "Not verified" in page and "Another logo" not in page
    async with begin() as tx:
        await actions.certify_app(tx, app.client_id, True)
    body = PART + b'name="logo"; filename="x.png"\r\n\r\n' + png() + b"\r\n" + PART
    body += f'name="_csrf_token"\r\n\r\n{at_desk.token}\r\n--x--\r\n'.encode()
    await at_desk.client.post(f"{PATH}/{app.id}/logo", content=body, headers={"Content-Type": MULTIPART})
    assert "The app is not certified any more." in (await at_desk.get(f"{PATH}/{app.id}")).text
