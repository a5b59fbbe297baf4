"""What the example store does with tokens that it does not need any more."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import httpx
import pytest

from storefront import connect
from storefront.web import Store
from tests.examples.conftest import Shop, signed_in

GRANTED = b'{"access_token": "oauth.new.token=", "scope": "*", "token_type": "bearer", "account_id": "%s"}' % (
    b"1" * 32
)


class Portside:
    """Gives a token for every code, and keeps what is given back; everything else fails."""

    def __init__(self) -> None:
        self.revoked: list[str] = []
        self.revokes_with = 200
        known = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                fields = parse_qs(self.rfile.read(int(self.headers.get("content-length") or 0)).decode())
                if self.path == "/oauth/access_token":
                    self._answer(200, GRANTED)
                elif self.path == "/oauth/revoke":
                    known.revoked += fields["token"]
                    self._answer(known.revokes_with, b"{}")
                else:
                    self._answer(500, b"{}")

            def do_GET(self) -> None:
                self._answer(500, b"{}")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: the test's own report is enough."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def portside() -> Iterator[Portside]:
    made = Portside()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def browser(shop: Shop, portside: Portside) -> Iterator[httpx.Client]:
    """fernleaf's merchant at a store whose Portside answers."""
    settings = dataclasses.replace(shop.settings, portside_url=portside.url)
    with Shop(Store(settings, shop.database)).client() as client:
        signed_in(client, "owner@fernleaf.example", "fern-demo")
        yield client


def test_a_token_that_is_replaced_is_given_back(shop: Shop, portside: Portside, browser: httpx.Client) -> None:
    for replaced in ([], ["oauth.new.token="]):
        with shop.database.writing() as db:
            state = connect.begin(db, "fernleaf")
        browser.post("/dashboard/connect/finish", data={"code": "a code", "state": state})
        assert portside.revoked == replaced
    assert shop.rows("SELECT access_token FROM connections") == [("oauth.new.token=",)]


@pytest.mark.parametrize(("status", "said"), [(200, "Shipping is disconnected."), (503, "Disconnect us there, too.")])
def test_disconnect_says_whether_portside_knows(
    shop: Shop, portside: Portside, browser: httpx.Client, status: int, said: str
) -> None:
    shop.connect("fernleaf")
    portside.revokes_with = status
    assert said in browser.post("/dashboard/connect/end").text
    assert portside.revoked == ["oauth.a.b="] and shop.rows("SELECT * FROM connections") == []


def test_the_frame_says_that_it_is_one(browser: httpx.Client) -> None:
    page = browser.get("/dashboard/connect?way=frame").text
    assert 'src="/dashboard/connect/start?display=frame"' in page
    for address, is_framed in (("/dashboard/connect/start?display=frame", True), ("/dashboard/connect/start", False)):
        answer = browser.get(address, follow_redirects=False)
        assert ("display=frame" in answer.headers["location"]) is is_framed
