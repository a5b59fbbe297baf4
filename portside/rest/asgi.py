"""A small function in front of the application: one spelling per route, a request id, one log line per request.

What the API serves at a fixed path it serves straight from here: the framework's way to a handler and back costs an
eighth of a pushed order (bench/orders.py), and such a route needs nothing of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from portside.kit.ids import new_id
from portside.kit.peer import set_peer
from portside.rest.endpoint import Route, header
from portside.rest.errors import error_answer
from portside.rest.limits import HEADERS

_log = structlog.get_logger("portside.request")


def front(app: ASGIApp, routes: Iterable[object] = ()) -> ASGIApp:
    """`/v1/orders/` and `//orders` are `/orders`; HEAD is a GET without its body. Redirects would lose POST bodies.

    Of `routes`, all of which `app` serves too, those of the API without an id in their path do not pass through it.
    """
    straight = {
        (route.operation.method, route.operation.path): route
        for route in routes
        if isinstance(route, Route) and "{" not in route.operation.path
    }

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        state: dict[str, Any] = scope  # type: ignore[assignment]
        if state["type"] != "http":
            await app(scope, receive, send)
            return
        path = state["path"]
        state["portside_path"] = path
        clean = _one_spelling(path)
        if clean != path:
            state["path"] = clean
            state["raw_path"] = clean.encode("latin-1", "replace")
        is_head = state["method"] == "HEAD"
        if is_head:
            # A scope of its own: the server reads the method in its scope again, to know that no body will follow.
            state = {**state, "method": "GET"}
        client = state.get("client")
        set_peer(client[0] if client else "")
        request_id = _request_id(state["headers"])
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 500

        async def pass_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = (b"x-request-id", request_id.encode("latin-1"))
                headers = [*message["headers"], own, *state.get(HEADERS, ())]
                message = {**message, "headers": headers}
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        route = straight.get((state["method"], clean))
        try:
            if route is not None:
                await _serve(route, state, receive, pass_on)
            else:
                await app(state, receive, pass_on)  # type: ignore[arg-type]
        finally:
            milliseconds = round((time.perf_counter() - started) * 1000, 2)
            if _log.is_enabled_for(20):
                _log.info("request", method=state["method"], path=clean, status=status, ms=milliseconds)
            structlog.contextvars.unbind_contextvars("request_id")

    return serve


async def _serve(route: Route, state: dict[str, Any], receive: Receive, send: Send) -> None:
    try:
        answer = await route.serve(state, receive)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - the edge: what nobody foresaw is logged there, and answered with 500
        accepts_json = b"application/json" in header(state, b"accept")
        answer = error_answer(error, state["method"], state["path"], accepts_json=accepts_json)
    await answer(state, receive, send)  # type: ignore[arg-type]


def _one_spelling(path: str) -> str:
    if path.startswith("/v1/") or path == "/v1":
        path = path[3:] or "/"
    if "//" in path:
        while "//" in path:
            path = path.replace("//", "/")
    return path.rstrip("/") or "/" if len(path) > 1 else path


def _request_id(headers: list[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == b"x-request-id" and 0 < len(value) <= 64 and value.isalnum():
            return value.decode("ascii")
    return new_id()
