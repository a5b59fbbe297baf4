"""The application factory; the router table below is the table of contents of the product."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler

from portside.addresses import api as addresses
from portside.batches import api as batches
from portside.carrier_accounts import api as carrier_accounts
from portside.customs import api as customs
from portside.event_log import api as event_log
from portside.labels import api as labels
from portside.labels import inbox
from portside.ledger import api as ledger
from portside.live_rates import api as live_rates
from portside.manifests import api as manifests
from portside.oauth import api as oauth
from portside.order_imports import api as order_imports
from portside.orders import api as orders
from portside.parcel_templates import api as parcel_templates
from portside.parcels import api as parcels
from portside.partners import api as partners
from portside.pickups import api as pickups
from portside.portal import logos as brand_logos
from portside.portal import messages as buyer_messages
from portside.portal import pages as tracking_pages
from portside.rates import api as rates
from portside.refunds import api as refunds
from portside.rest import system
from portside.rest.asgi import front
from portside.rest.endpoint import Route, mounted
from portside.rest.openapi import openapi, operations
from portside.service_groups import api as service_groups
from portside.settings import Settings
from portside.shipments import api as shipments
from portside.simulations import api as simulations
from portside.terms import api as terms
from portside.tracking import api as tracking
from portside.web import (
    activity,
    alert_settings,
    app_logos,
    assets,
    authorize,
    bulk,
    connections,
    event_csv,
    integrations,
    join,
    live,
    mailbox,
    new_order,
    open_mailbox,
    order,
    people,
    profile,
    recipient,
    reset,
    sign_in,
    sign_up,
    tokens,
    tracks,
    trials,
    waiting_purchases,
)
from portside.web import alert as alert_page
from portside.web import alerts as alert_pages
from portside.web import app as app_page
from portside.web import apps as app_pages
from portside.web import batches as batch_pages
from portside.web import branding as branding_pages
from portside.web import buyer_messages as buyer_message_pages
from portside.web import event_log as event_log_pages
from portside.web import labels as label_pages
from portside.web import ledger as ledger_pages
from portside.web import order_imports as order_import_pages
from portside.web import orders as order_pages
from portside.web import rates as rate_pages
from portside.web import shipments as shipment_pages
from portside.web import webhooks as webhook_pages
from portside.web.docs import catalogue_routes, docs_routes
from portside.web.errors import answer_error
from portside.webhooks import api as webhooks

API: list[Route | ControllerRouterHandler] = [
    *addresses.routes,
    *parcels.routes,
    *customs.routes,
    *carrier_accounts.routes,
    *rates.routes,
    *orders.routes,
    *order_imports.routes,
    *parcel_templates.routes,
    *service_groups.routes,
    *shipments.routes,
    *tracking.routes,
    *labels.routes,
    *live_rates.routes,
    *batches.routes,
    *inbox.routes,
    *refunds.routes,
    *manifests.routes,
    *pickups.routes,
    *simulations.routes,
    *webhooks.routes,
    *event_log.routes,
    *partners.routes,
    *terms.routes,
    *ledger.routes,
    *oauth.routes,
    *system.routes,
]

# For people; everything else is for programs.
PAGES: list[ControllerRouterHandler] = [
    *assets.routes,
    *sign_in.routes,
    *sign_up.routes,
    *reset.routes,
    *join.routes,
    *open_mailbox.routes,
    *authorize.routes,
    *order_pages.routes,
    *new_order.routes,
    *order_import_pages.routes,
    *bulk.routes,
    *batch_pages.routes,
    *order.routes,
    *recipient.routes,
    *rate_pages.routes,
    *label_pages.routes,
    *tracks.routes,
    *shipment_pages.routes,
    *alert_pages.routes,
    *alert_page.routes,
    *waiting_purchases.routes,
    *alert_settings.routes,
    *ledger_pages.routes,
    *tokens.routes,
    *profile.routes,
    *people.routes,
    *activity.routes,
    *webhook_pages.routes,
    *trials.routes,
    *event_log_pages.routes,
    *event_csv.routes,
    *branding_pages.routes,
    *buyer_message_pages.routes,
    *connections.routes,
    *integrations.routes,
    *app_pages.routes,
    *app_page.routes,
    *app_logos.routes,
    *mailbox.routes,
    *live.routes,
    *tracking_pages.routes,
    *buyer_messages.routes,
    *brand_logos.routes,
]


def create_app(settings: Settings) -> ASGIApp:
    """The ASGI application. Pool, services and wiring must be installed before it serves."""
    app = Litestar(
        route_handlers=[
            *mounted(API),
            *PAGES,
            *docs_routes(openapi_document),
            *catalogue_routes(version("portside")),
        ],
        exception_handlers={Exception: answer_error},
        request_max_body_size=settings.max_body_bytes,
        openapi_config=None,
        logging_config=None,
    )
    return front(app, API)


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the API."""
    return openapi(operations(API), version("portside"))


def route_list(routes: Iterable[Route | ControllerRouterHandler]) -> list[str]:
    """`POST /orders`, one line per route, in the table's order."""
    lines = []
    for route in routes:
        if isinstance(route, Route):
            lines.append(f"{route.operation.method} {route.operation.path}")
        elif isinstance(route, HTTPRouteHandler):
            lines += [f"{' '.join(sorted(route.http_methods))} {path}" for path in sorted(route.paths)]
    return lines
