"""The application factory; the router table below is the table of contents of the product."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler

from portside.addresses import api as addresses
from portside.carrier_accounts import api as carrier_accounts
from portside.customs import api as customs
from portside.orders import api as orders
from portside.parcels import api as parcels
from portside.rates import api as rates
from portside.rest import system
from portside.rest.asgi import front
from portside.rest.errors import answer_error
from portside.rest.openapi import openapi, operations
from portside.settings import Settings
from portside.webhooks import api as webhooks
from portside.shipments import api as shipments

API: list[ControllerRouterHandler] = [
    *addresses.routes,
    *parcels.routes,
    *customs.routes,
    *carrier_accounts.routes,
    *rates.routes,
    *orders.routes,
    *shipments.routes,
    *webhooks.routes,
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


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the API."""
    return openapi(operations(API), version("portside"))


def route_list(routes: Iterable[ControllerRouterHandler]) -> list[str]:
    """`POST /orders`, one line per route, in the table's order."""
    handlers = [route for route in routes if isinstance(route, HTTPRouteHandler)]
    return [
        f"{' '.join(sorted(handler.http_methods))} {path}" for handler in handlers for path in sorted(handler.paths)
    ]
