"""A partner's app, and merchants who connect to it as they would on the page, step by step."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from portside.apps.actions import create_app
from portside.apps.models import App, AppDraft
from portside.db.begin import begin, reading
from portside.kit.ids import Id
from portside.kit.scope import Mode
from portside.oauth import actions
from portside.oauth.models import InteractionDraft
from tests.support.cast import Person, make_person

CALLBACK = "https://store.example/callback"
OTHER_CALLBACK = "https://store.example/other"


class Partner(msgspec.Struct, frozen=True):
    app: App
    secret: str
    person: Person

    @property
    def form(self) -> dict[str, str]:
        """How the app says who it is."""
        return {"client_id": self.app.client_id, "client_secret": self.secret}


async def make_partner(name: str, *, live: bool = True) -> Partner:
    person = await make_person(name)
    draft = AppDraft(
        scope=person.scope, name=f"{name} store", redirect_uris=(CALLBACK, OTHER_CALLBACK), live=live, approved=True
    )
    async with begin() as tx:
        app, secret = await create_app(tx, draft)
    return Partner(app, secret, person)


async def user_of(person: Person) -> Id:
    async with reading() as tx:
        return Id(await tx.fetchval("SELECT user_id FROM members WHERE account_id = $1", person.account_id))


def draft_for(partner: Partner, *, mode: Mode = "test", scopes: str = "*", **changes: Any) -> InteractionDraft:
    draft = InteractionDraft(
        app_id=partner.app.id, mode=mode, redirect_uri=CALLBACK, redirect_uri_given=True, scopes=scopes
    )
    return msgspec.structs.replace(draft, **changes)


async def consent(partner: Partner, person: Person, **changes: Any) -> str:
    """The person goes through the page and agrees; gives the code of the redirect."""
    user_id = await user_of(person)
    async with begin() as tx:
        handle = await actions.begin_interaction(tx, draft_for(partner, **changes))
        handle = await actions.sign_in_interaction(tx, handle, user_id, person.account_id)
        interaction = await actions.consume_interaction(tx, handle)
        assert interaction is not None
        return await actions.grant(tx, interaction)


def body(partner: Partner, code: str, /, **changes: str | None) -> dict[str, str]:
    """What an app sends to exchange a code; a change to None leaves a field out."""
    fields = {**partner.form, "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **changes}
    return {name: value for name, value in fields.items() if value is not None}


async def exchange(server: httpx.AsyncClient, partner: Partner, code: str, **changes: str | None) -> httpx.Response:
    return await server.post("/oauth/access_token", data=body(partner, code, **changes))


async def connect(server: httpx.AsyncClient, partner: Partner, person: Person, **changes: Any) -> str:
    """From the page to the token."""
    answer = await exchange(server, partner, await consent(partner, person, **changes))
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def audited(person: Person) -> list[tuple[str, str]]:
    """(action, actor's kind) of the account's audit log, oldest first."""
    async with reading() as tx:
        rows = await tx.fetch(
            "SELECT action, actor FROM audit_entries WHERE account_id = $1 ORDER BY id", person.account_id
        )
    return [(row["action"], row["actor"].partition(":")[0]) for row in rows]
