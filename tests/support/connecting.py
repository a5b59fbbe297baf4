"""A person on the connect page, without a browser: in a frame, or in a window of their own that keeps cookies."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

import httpx

from portside.apps.actions import create_app, mark_origin_verified
from portside.apps.models import AppDraft
from portside.db.begin import begin, reading
from portside.jobs.drain import drain
from portside.kit.paging import PageRequest
from portside.kit.services import services
from portside.notifications.queries import list_kept_mails
from tests.support.cast import PASSWORD, Person, make_person
from tests.support.partners import Partner as Partner

ORIGIN = "https://bazaar.example"
CALLBACK = f"{ORIGIN}/callback"
WINDOW = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}
FRAME = {**WINDOW, "Sec-Fetch-Dest": "iframe", "Referer": f"{ORIGIN}/"}


async def make_partner(*, verified: bool = True, **given: object) -> Partner:
    """A fresh live app whose origin is verified."""
    person = await make_person("paula")
    said = {
        "name": "Bazaar",
        "site_url": f"{ORIGIN}/",
        "redirect_uris": (CALLBACK,),
        "origins": (ORIGIN,),
        "live": True,
    }
    async with begin() as tx:
        app, secret = await create_app(tx, AppDraft(scope=person.scope, **{**said, **given}))  # type: ignore[arg-type]
        if verified:
            await mark_origin_verified(tx, person.scope, app.id, ORIGIN)
    return Partner(app=app, secret=secret, person=person)


class Form(HTMLParser):
    """The hidden fields and addresses of a page's forms; all of them name the same interaction."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.refresh = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given["action"]
        elif tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given["value"]
        elif tag == "meta" and given.get("http-equiv") == "refresh":
            self.refresh = given["content"].removeprefix("0; url=")


class Visit:
    """One window or frame. `answer` is the page that it shows."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers
        self.answer = httpx.Response(204)

    async def open(self, url: str, **headers: str) -> httpx.Response:
        self.answer = await self.client.get(url, headers={**self.headers, **headers})
        return self.answer

    async def press(self, step: str, fields: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """Send the page's form, as its button does."""
        form = Form(self.answer.text)
        given = {**form.fields, "step": step, **(fields or {})}
        # A page without a referrer sends no origin.
        sent = {**self.headers, "Origin": "null", "Sec-Fetch-Site": "same-origin", **headers}
        sent.pop("Referer", None)
        self.answer = await self.client.post(form.action, data=given, headers=sent)
        return self.answer

    async def log_in(self, person: Person) -> httpx.Response:
        return await self.press("login", {"email": person.email, "password": person.password})

    @property
    def page(self) -> str:
        return self.answer.text

    @property
    def handle(self) -> str:
        return Form(self.answer.text).fields["handle"]

    @property
    def went(self) -> dict[str, str]:
        """What the page carries back to the app."""
        location = Form(self.answer.text).refresh
        assert location.startswith(f"{CALLBACK}?"), self.answer.text
        return dict(parse_qsl(urlsplit(location).query))


async def mailed_code(email: str) -> str:
    """The code in the newest mail to somebody."""
    await drain()
    async with reading() as tx:
        mails = await list_kept_mails(tx, services().keys, PageRequest(size=100))
    text = next(mail.text for mail in mails.rows if mail.recipient == email)
    assert text is not None
    found = re.search(r"\b\d{6}\b", text.text)
    assert found is not None, text.text
    return found[0]


async def token_of(visit: Visit, partner: Partner, code: str) -> httpx.Response:
    fields = {
        "client_id": partner.app.client_id,
        "client_secret": partner.secret,
        "grant_type": "authorization_code",
        "code": code,
    }
    return await visit.client.post("/oauth/access_token", data=fields, headers={"Accept": "application/json"})


async def connections(partner: Partner) -> list[tuple[str, str, str]]:
    """(account, mode, scopes) that the app may act for."""
    async with reading() as tx:
        rows = await tx.fetch(
            "SELECT account_id, mode, scopes FROM connections WHERE app_id = $1 AND ended_at IS NULL", partner.app.id
        )
    return [(row["account_id"], row["mode"], row["scopes"]) for row in rows]


async def codes(partner: Partner) -> int:
    async with reading() as tx:
        count: int = await tx.fetchval("SELECT count(*) FROM oauth_codes WHERE app_id = $1", partner.app.id)
    return count


async def sign_in(visit: Visit, person: Person) -> None:
    """To Portside itself, in the same browser."""
    page = await visit.client.get("/sign-in")
    found = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    fields = {"_csrf_token": found[1], "email": person.email, "password": PASSWORD}
    assert (await visit.client.post("/sign-in", data=fields)).status_code == 303


def policy(answer: httpx.Response) -> dict[str, str]:
    rules = answer.headers["content-security-policy"].split("; ")
    return {name: value for name, _, value in (rule.partition(" ") for rule in rules)}
