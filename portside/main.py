"""The application factory; the router table below is the table of contents of the product."""

from __future__ import annotations

from litestar import Litestar
from litestar.types import ASGIApp, ControllerRouterHandler

from portside.addresses import api as addresses
from portside.rest import system
from portside.rest.asgi import front
from portside.rest.errors import answer_error
from portside.settings import Settings

API: list[ControllerRouterHandler] = [
    *addresses.routes,
    *system.routes,
]


def create_app(settings: Settings) -> ASGIApp:
    """The ASGI application. Pool, services and wiring must be installed before it serves."""
    app = Litestar(
        route_handlers=[*API],
        exception_handlers={Exception: answer_error},
        request_max_body_size=settings.max_body_bytes,
        openapi_config=None,
    )
    return front(app)
