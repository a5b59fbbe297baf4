"""People at a browser, without one: clients that keep cookies and post the forms of pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping

import httpx
import pytest

from portside.accounts import actions
from portside.db.begin import begin
from portside.kit.ids import new_id
from portside.kit.services import services
from tests.support.cast import PASSWORD, Person, make_person, make_teammate
from tests.support.connecting import FRAME, WINDOW, Partner, Visit, make_partner

_FIELD = re.compile(r'name="_csrf_token" value="([^"]+)"')


class Browser:
    """Cookies, the token of the page last seen, and forms that are posted as a browser posts them."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.token = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        answer = await self.client.get(path, headers=headers)
        self._read(answer)
        return answer

    async def post(self, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> httpx.Response:
        given = {"_csrf_token": self.token, **(fields or {})}
        answer = await self.client.post(path, data=given, headers=headers)
        self._read(answer)
        return answer

    async def poll(self, path: str) -> httpx.Response:
        """As htmx asks for a fragment."""
        return await self.get(path, **{"HX-Request": "true", "HX-Request-Type": "partial"})

    async def sign_in(self, person: Person, password: str = PASSWORD, target: str = "") -> httpx.Response:
        await self.get("/sign-in")
        return await self.post("/sign-in", {"email": person.email, "password": password, "next": target})

    def _read(self, answer: httpx.Response) -> None:
        found = _FIELD.search(answer.text)
        if found:
            self.token = found[1]


@pytest.fixture
def browser(product: Callable[..., httpx.AsyncClient]) -> Browser:
    """A fresh browser that nobody has signed in with."""
    return Browser(product(Accept="text/html,application/xhtml+xml", **{"Sec-Fetch-Mode": "navigate"}))


@pytest.fixture
async def alice(product: object) -> Person:
    """The owner, who can sign in."""
    return await make_person("alice", await services().passwords.hash(PASSWORD))


@pytest.fixture
async def bob(alice: Person) -> Person:
    """alice's teammate, who can sign in to her account."""
    return await make_teammate(alice, "bob", await services().passwords.hash(PASSWORD))


@pytest.fixture
async def charlie(product: object) -> Person:
    """The outsider, who can sign in to an account of his own."""
    return await make_person("charlie", await services().passwords.hash(PASSWORD))


@pytest.fixture
async def at_desk(browser: Browser, alice: Person) -> AsyncIterator[Browser]:
    """alice, signed in, in test mode."""
    answer = await browser.sign_in(alice)
    assert answer.status_code == 303, answer.text
    await browser.get("/app/orders")
    yield browser


@pytest.fixture
async def partner(product: object) -> Partner:
    """A live app whose origin is verified."""
    return await make_partner()


@pytest.fixture
def window(product: Callable[..., httpx.AsyncClient]) -> Visit:
    """A tab or popup."""
    return Visit(product(Accept="text/html"), WINDOW)


@pytest.fixture
def frame(product: Callable[..., httpx.AsyncClient]) -> Visit:
    """A frame on the partner's page."""
    return Visit(product(Accept="text/html"), FRAME)


@pytest.fixture(params=["window", "frame"])
def anywhere(request: pytest.FixtureRequest) -> Visit:
    """In a window, and again in a frame."""
    visit: Visit = request.getfixturevalue(request.param)
    return visit


@pytest.fixture
async def teammate(product: Callable[..., httpx.AsyncClient], alice: Person) -> AsyncIterator[Browser]:
    """bob, a member of alice's account, signed in."""
    email = f"bob-{new_id()[-12:]}@example.com"
    user_id = new_id()
    password_hash = await services().passwords.hash(PASSWORD)
    async with begin() as tx:
        await actions.create_user(tx, user_id=user_id, email=email, name="Bob", password_hash=password_hash)
        await actions.add_member(tx, alice.account_id, user_id, "member")
    browser = Browser(product(Accept="text/html"))
    await browser.get("/sign-in")
    await browser.post("/sign-in", {"email": email, "password": PASSWORD})
    await browser.get("/app/orders")
    yield browser
