"""paula, who runs a platform, and what her app is granted by merchants."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from portside.accounts.actions import create_app_token
from portside.accounts.models import AppTokenDraft
from portside.apps.actions import connect, create_app
from portside.apps.models import App, AppDraft
from portside.db.begin import begin
from portside.kit.scope import Scope
from portside.oauth import actions
from tests.support.cast import Person, make_person


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A person with an account of her own, and her app."""

    person: Person
    app: App
    secret: str

    def asks(self, **changes: str | None) -> str:
        """The address of the connect page; a change to None leaves a parameter out."""
        basis = {"response_type": "code", "client_id": self.app.client_id, "scope": "*", "state": "st 4&te"}
        return f"/oauth/authorize?{urlencode({k: v for k, v in {**basis, **changes}.items() if v is not None})}"


async def make_partner(name: str = "paula", app_name: str = "Paula's Shops") -> Partner:
    """A fresh partner with a live app."""
    person = await make_person(name)
    draft = AppDraft(
        scope=person.live_scope, name=app_name, redirect_uris=("https://shops.example/back",), live=True, approved=True
    )
    async with begin() as tx:
        app, secret = await create_app(tx, draft)
    return Partner(person=person, app=app, secret=secret)


async def grant(scope: Scope, app: App, scopes: str = "*") -> str:
    """What a merchant's consent leads to, without its pages: a connection and the app's token for this account."""
    async with begin() as tx:
        connection = await connect(tx, scope, app.id, scopes, None)
        draft = AppTokenDraft(
            scope=scope, app_id=app.id, connection_id=connection.id, scopes=scopes, name=app.name, created_by=None
        )
        _, token = await create_app_token(tx, draft, most=5)
    return token


async def disconnect(scope: Scope, app: App) -> None:
    """The merchant ends what they granted."""
    async with begin() as tx:
        await actions.disconnect(tx, scope, app.id)
