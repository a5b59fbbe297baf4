"""How far subscriptions reach: who may see them, and whose events they hear."""

from __future__ import annotations

import datetime as dt

from portside.apps.queries import find_app_by_client_id
from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.rest.permissions import ACT_FOR_ACCOUNTS, EVERYTHING
from portside.webhooks.models import Source, Webhook

# What an app subscribed with a merchant's token is the app's alone to see over the API; what an account made, also for
# all merchants of its app, is for its own tokens. People see everything that leaves their account.
OWN = "(app_id IS NULL OR reach = 'app')"
_OF_APP = "replace(app_id::text, '-', '') = $3 AND reach <> 'app'"
SEEN = f"CASE $3::text WHEN 'all' THEN true WHEN 'own' THEN {OWN} ELSE {_OF_APP} END"

# Whether a connection `c` lets its app act in an account: the account's own does, and that of its platform if it covers
# the accounts that this manages.
ACTS_IN = (
    "(c.account_id = {account}.id OR (c.account_id = {account}.parent_id "
    f"AND string_to_array(c.scopes, ' ') && ARRAY['{EVERYTHING}', '{ACT_FOR_ACCOUNTS}']))"
)

# Whether an endpoint's app, if it is one's, may act on data of the mode now.
MAY_ACT = """(SELECT hearer.app_id IS NULL OR app_may_act(hearer.app_id, hearer.mode)
    FROM webhooks AS hearer WHERE hearer.account_id = $1 AND hearer.mode = $2 AND hearer.id = {webhook})"""

# Whether an endpoint of many accounts may hear of an event now. What happened before a connection is not its business,
# so what was left over from an earlier connection stays so.
MAY_HEAR = """(SELECT CASE hearer.reach
    WHEN 'app' THEN EXISTS (
        SELECT FROM connections WHERE connections.app_id = hearer.app_id AND connections.account_id = {account}
            AND connections.mode = $2 AND ended_at IS NULL AND connections.created_at <= {moment})
    WHEN 'managed' THEN EXISTS (SELECT FROM accounts WHERE accounts.id = {account} AND parent_id = $1)
    ELSE false END
    FROM webhooks AS hearer WHERE hearer.account_id = $1 AND hearer.mode = $2 AND hearer.id = {webhook})"""


def seen_by(scope: Scope) -> tuple[Id, str, str]:
    """The parameters of `SEEN` and its account and mode: the third says whose subscriptions count."""
    kinds = {"app": scope.actor.id, "token": "own"}
    return scope.account_id, scope.mode, kinds.get(scope.actor.kind, "all")


async def list_sources(tx: Tx, scope: Scope, webhook: Webhook) -> list[Source]:
    """The accounts whose events an endpoint hears now, its own first if it is one of them."""
    if webhook.reach == "app":
        rows = await tx.fetch(
            "SELECT account_id, created_at AS since, scopes FROM connections WHERE app_id = $1 AND mode = $2 "
            "AND ended_at IS NULL AND app_may_act($1, $2) ORDER BY id",
            webhook.app_id,
            scope.mode,
        )
        return [Source(**dict(row)) for row in rows]
    if webhook.reach == "managed":
        rows = await tx.fetch("SELECT id FROM accounts WHERE parent_id = $1 ORDER BY id", scope.account_id)
        return [Source(), *(Source(account_id=row["id"]) for row in rows)]
    return [Source(scopes=EVERYTHING if webhook.app_id is None else await _granted(tx, scope, webhook.app_id))]


async def _granted(tx: Tx, scope: Scope, app_id: Id) -> str:
    """What an account, or the platform that manages it, grants an app now."""
    granted: str | None = await tx.fetchval(
        "SELECT string_agg(c.scopes, ' ') FROM connections c JOIN accounts a ON a.id = $1 "
        f"WHERE {ACTS_IN.format(account='a')} AND c.mode = $2 AND c.app_id = $3 AND c.ended_at IS NULL "
        "AND app_may_act($3, $2)",
        scope.account_id,
        scope.mode,
        app_id,
    )
    return granted or ""


async def may_hear(tx: Tx, scope: Scope, webhook_id: Id, account_id: Id, moment: dt.datetime) -> bool:
    """Whether an endpoint of many accounts may hear what happened in one of them at a moment."""
    heard = MAY_HEAR.format(account="$4::uuid", moment="$5::timestamptz", webhook="$3")
    sql = f"{MAY_ACT.format(webhook='$3')} AND {heard}"
    owner = (scope.account_id, scope.mode, webhook_id)
    answer: bool | None = await tx.fetchval(f"SELECT {sql}", *owner, account_id, moment)
    return answer is True


async def find_own_app(tx: Tx, scope: Scope, client_id: str) -> Id | None:
    """An app of the account's."""
    app = await find_app_by_client_id(tx, client_id)
    return app.id if app is not None and app.account_id == scope.account_id else None
