"""The consent: what an app asks for in words, and the one answer that makes a code."""

from __future__ import annotations

import msgspec
import structlog
from litestar import Response

from portside.accounts.models import Membership, User
from portside.accounts.queries import find_user, list_memberships
from portside.apps.models import App
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import Forbidden, NotFound
from portside.kit.ids import Id
from portside.kit.scope import Mode
from portside.oauth.actions import consume_interaction, grant
from portside.oauth.models import Interaction
from portside.oauth.queries import find_interaction
from portside.oauth.rules import granted_uri
from portside.rest.permissions import EVERYTHING
from portside.web import authorize_pages as pages
from portside.web.authorize_request import Asked
from portside.web.authorize_way import Way, is_over
from portside.web.session import client_address

_log = structlog.get_logger(__name__)

_EVERYTHING = (
    "See and change your orders, shipments and address book",
    "Get rates and buy, refund and print labels{cost}",
    "Follow your parcels, and be told of news about them",
    "See and change your carrier accounts and shipping settings",
)
_COST = {"live": ", which are charged to you", "test": ""}
# What a scope's resource is called; each is read (`See …`) or written (`See and change …`).
_THINGS = {
    "accounts": "the accounts that you manage",
    "addresses": "your addresses",
    "carriers": "your carrier accounts",
    "customs": "your customs declarations",
    "events": "what happened in your account",
    "labels": "your labels",
    "orders": "your orders",
    "parcels": "your parcels and their templates",
    "rates": "rates and what your checkout offers",
    "shipments": "your shipments",
    "tracking": "where your parcels are",
    "webhooks": "who is told of news",
}
_BUY = "Buy, refund and print labels{cost}"
_EMBEDDED = "See and change your carrier accounts in a page of its own"
_UNPROVED = (
    "Nobody has proved yet that mail to your address arrives, and live data needs that. Open the link in the mail "
    "that we sent you, or sign in to have it sent again. Then start again."
)
_NOT_YOURS = "You are not a member of that account any more. Start again and choose another one."


async def show_consent(way: Way, user: User, account_id: Id, *, by_session: bool = False) -> Response[bytes]:
    """Who asks, for what, and in which account. `by_session`: the person did not type who they are on this way."""
    mode = way.asked.details.mode
    if mode == "live" and not user.is_verified:
        return pages.stopped(way.asked, "Verify your e-mail first", _UNPROVED, 403)
    async with reading() as tx:
        accounts = await list_memberships(tx, user.id)
    return pages.step(
        way.asked,
        "consent",
        way.handle,
        email=user.email,
        accounts=[{"id": account.account_id, "name": account.account_name} for account in accounts],
        account_id=account_id,
        permissions=sentences(way.asked.details.scopes, mode),
        mode_reason=_reason(way.asked),
        by_session=by_session,
    )


async def allow(way: Way) -> Response[bytes]:
    """The person agrees. The interaction is used up in the transaction that makes the code: there is no second one."""
    async with begin() as tx:
        interaction = await find_interaction(tx, way.handle)
        user = await _person_on(tx, interaction)
        if interaction is None or user is None:
            return is_over(way)
        chosen = _chosen(way, interaction, await list_memberships(tx, user.id))
        if chosen is None:
            _log.warning("authorize_refused", code="foreign_account", app_id=interaction.app_id)
            return pages.stopped(way.asked, "Not allowed", _NOT_YOURS, 403)
        if interaction.mode == "live" and not user.is_verified:
            return pages.stopped(way.asked, "Verify your e-mail first", _UNPROVED, 403)
        used = await consume_interaction(tx, way.handle)
        if used is None:
            return is_over(way)
        try:
            code = await grant(
                tx, msgspec.structs.replace(used, account_id=chosen), address=client_address(way.request)
            )
        except (NotFound, Forbidden):
            # In this very moment the app was deleted, or the person taken off the account.
            return is_over(way)
    return pages.leave(way.asked, granted_uri(used.redirect_uri, code, used.state), allowed=True)


def sentences(scopes: str, mode: Mode) -> list[str]:
    """What granted scopes mean, in words for people."""
    cost = _COST[mode]
    names = scopes.split()
    if EVERYTHING in names:
        return [sentence.format(cost=cost) for sentence in _EVERYTHING]
    verbs: dict[str, set[str]] = {}
    for name in names:
        thing, _, verb = name.partition(":")
        verbs.setdefault(thing, set()).add(verb)
    return [_sentence(thing, given, cost) for thing, given in verbs.items()]


def _sentence(thing: str, verbs: set[str], cost: str) -> str:
    if thing == "embedded":
        return _EMBEDDED
    if thing == "labels" and "write" in verbs:
        return _BUY.format(cost=cost)
    verb = "See" if verbs == {"read"} else "Change" if verbs == {"write"} else "See and change"
    return f"{verb} {_THINGS[thing]}"


async def _person_on(tx: Tx, interaction: Interaction | None) -> User | None:
    return None if interaction is None or interaction.user_id is None else await find_user(tx, interaction.user_id)


def _chosen(way: Way, interaction: Interaction, accounts: list[Membership]) -> Id | None:
    """The account that was picked, if the person is a member of it at this moment."""
    picked = way.field("account") or interaction.account_id
    return next((account.account_id for account in accounts if account.account_id == picked), None)


def _reason(asked: Asked) -> str:
    """Why it is test data only."""
    app: App = asked.app
    if ("mode", "test") in asked.pairs:
        return f"{app.name} asks for test data only."
    if not app.live:
        return f"{app.name} is not live yet, so it gets test data only."
    return f"It is not verified whose site {app.name} is, so it gets test data only."
