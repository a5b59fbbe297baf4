"""The application: its routes, its templates, and what surrounds every request."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar, Response, Router
from litestar.contrib.jinja import JinjaTemplateEngine
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig

from storefront import alert_pages, connect, dashboard, mailbox, portal, shop, webhooks
from storefront.background import Background
from storefront.carriers import CARRIERS, name_of
from storefront.shipping import dollars
from storefront.web import (
    SignInNeeded,
    Store,
    protect,
    read_flash,
    refuse_foreign_forms,
    show_error,
    show_failure,
    to_sign_in,
)

HERE = Path(__file__).parent
STATUSES = {
    "UNKNOWN": "Label made",
    "PRE_TRANSIT": "Not yet handed over",
    "TRANSIT": "On its way",
    "DELIVERED": "Delivered",
    "RETURNED": "On its way back",
    "FAILURE": "Not delivered",
}


def create_app(store: Store) -> Litestar:
    """The store as an ASGI application."""

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        background = Background(store)
        background.start()
        yield
        background.stop()

    # One router, because this Litestar wraps handlers twice that share a path and are registered one by one.
    pages = Router(
        "/",
        route_handlers=[
            *shop.routes,
            *dashboard.routes,
            *alert_pages.routes,
            *connect.routes,
            *portal.routes,
            *mailbox.routes,
            webhooks.receive_for_merchant,
            webhooks.receive_for_app,
        ],
    )
    return Litestar(
        route_handlers=[pages, create_static_files_router(path="/static", directories=[HERE / "static"])],
        state=State({"settings": store.settings}),
        dependencies={"store": Provide(lambda: store, sync_to_thread=False)},
        template_config=TemplateConfig(instance=_templates()),
        before_request=refuse_foreign_forms,
        after_request=partial(_protect, store),
        exception_handlers={HTTPException: show_error, SignInNeeded: to_sign_in, Exception: show_failure},
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=2_000_000,
    )


async def _protect(store: Store, response: Response[Any]) -> Response[Any]:
    return protect(store.settings.portside_url, response)


def _templates() -> JinjaTemplateEngine:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"dollars": dollars, "when": when, "day": day}
    environment.globals |= {"said": read_flash, "statuses": STATUSES, "carrier_name": name_of, "carriers": CARRIERS}
    return JinjaTemplateEngine.from_environment(environment)


def when(text: str | None) -> str:
    return dt.datetime.fromisoformat(text).strftime("%d %b %Y, %H:%M") if text else "–"


def day(text: str | None) -> str:
    return dt.datetime.fromisoformat(text).strftime("%A, %d %B") if text else "–"
