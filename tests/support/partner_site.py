"""A partner's web site at http://store.localhost: the three ways to the connect page, and where the browser comes back.

Its pages are what a partner would write; its server keeps what came back. Another server, on the address that Portside
has, sets a cookie of the kind that frames of other sites could keep: it shows whether the browser lets them.
"""

from __future__ import annotations

import html
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, urlsplit

Answer = tuple[str, dict[str, str]]

_POPUP = """
const connect = document.getElementById("connect");
const done = document.getElementById("done");
connect.addEventListener("click", () => window.open(connect.dataset.url, "connect", "popup,width=460,height=720"));
window.addEventListener("message", (message) => {
  if (message.origin === location.origin && message.data === "done") done.textContent = "Shipping is connected";
});
"""
_CALLBACK = """
if (window.opener) {
  window.opener.postMessage("done", location.origin);
  window.close();
}
"""


class PartnerSite:
    """`origin` is another site than Portside's. `returned` are the queries of the redirects, in order."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://store.localhost:{port}"
        self.returned: list[dict[str, str]] = []

    @property
    def redirect_uri(self) -> str:
        return f"{self.origin}/callback"

    def page(self, way: str, url: str) -> str:
        """The address of the page that leads to `url` by frame, popup or tab."""
        return f"{self.origin}/{way}?{quote(url, safe='')}"

    def answer(self, path: str, query: str) -> Answer:
        """The pages of the site."""
        url = html.escape(next((name for name, _ in parse_qsl(query, keep_blank_values=True)), ""))
        if path == "/callback":
            self.returned.append(dict(parse_qsl(query)))
            return _page(f"<h1>Back at the store</h1><script>{_CALLBACK}</script>"), {}
        if path == "/frame":
            return _page(f'<iframe name="connect" title="Connect" width="400" height="600" src="{url}"></iframe>'), {}
        if path == "/popup":
            button = f'<button id="connect" data-url="{url}">Connect shipping</button><p id="done"></p>'
            return _page(f"{button}<script>{_POPUP}</script>"), {}
        if path == "/tab":
            return _page(f'<a href="{url}" target="_blank" rel="noopener">Connect shipping</a>'), {}
        return _page("<h1>Store</h1>"), {}


def _page(body: str) -> str:
    return f'<!DOCTYPE html><meta charset="utf-8"><title>Store</title>{body}'


def _cookies(path: str, query: str, sent: str) -> Answer:
    headers = {"Set-Cookie": "foreign=1; SameSite=None; Secure; Path=/"} if path == "/set" else {}
    return _page(f'<p id="cookies">{html.escape(sent)}</p>'), headers


@contextmanager
def partner_site() -> Iterator[PartnerSite]:
    """The site, serving."""
    site: list[PartnerSite] = []
    with _serving(lambda path, query, _: site[0].answer(path, query)) as port:
        site.append(PartnerSite(port))
        yield site[0]


@contextmanager
def cookie_site() -> Iterator[str]:
    """The address of a server whose `/set` sets a cookie and whose other pages show what was sent."""
    with _serving(_cookies) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _serving(answer: Callable[[str, str, str], Answer]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body, headers = answer(parts.path, parts.query, self.headers.get("Cookie", ""))
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Nothing: a test says what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
