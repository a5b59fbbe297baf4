"""Reads of partner apps and of the accounts that are connected to them."""

from __future__ import annotations

from collections.abc import Collection

from portside.apps.models import App, AppName, Connection, Origin
from portside.apps.rules import may_grant_live
from portside.db.tx import Row, Tx
from portside.errors import NotFound
from portside.kit.clock import now
from portside.kit.crypto import hash_token, same
from portside.kit.ids import Id
from portside.kit.scope import Mode, Scope

_APP = "SELECT * FROM apps WHERE deleted_at IS NULL"
# Of a connection, beside its own columns: who granted it, whether they have left the account, and its last use.
CONNECTED = (
    "coalesce(nullif(u.name, ''), u.email, '') AS person, u.id IS NOT NULL AND NOT EXISTS (SELECT FROM members m "
    "WHERE m.account_id = c.account_id AND m.user_id = u.id) AS person_left, "
    "(SELECT max(last_used_at) FROM credentials WHERE connection_id = c.id) AS last_used_at"
)
_CONNECTION = (
    f"SELECT c.*, {CONNECTED} FROM connections c LEFT JOIN users u ON u.id = c.created_by WHERE c.ended_at IS NULL"
)
_NOTHING = bytes(32)


async def get_app(tx: Tx, scope: Scope, app_id: Id) -> App:
    """An app of the account's own; apps are the same in both modes. Raises NotFound."""
    row = await tx.fetchrow(f"{_APP} AND account_id = $1 AND id = $2", scope.account_id, app_id)
    if row is None:
        raise NotFound
    return (await _apps(tx, [row]))[0]


async def list_apps(tx: Tx, scope: Scope) -> list[App]:
    """The account's own apps, newest first."""
    return await _apps(tx, await tx.fetch(f"{_APP} AND account_id = $1 ORDER BY id DESC LIMIT 500", scope.account_id))


async def list_all_apps(tx: Tx) -> list[App]:
    """Everybody's apps, newest first. # unscoped: for the operator's commands."""
    return await _apps(tx, await tx.fetch(f"{_APP} ORDER BY id DESC"))


async def find_owner_emails(tx: Tx, account_ids: Collection[Id]) -> dict[Id, str]:
    """The e-mails of accounts; empty for the operator's own. # unscoped: for the operator's commands."""
    rows = await tx.fetch("SELECT id, email FROM accounts WHERE id = ANY($1::uuid[])", list(account_ids))
    return {Id(row["id"]): row["email"] for row in rows}


async def list_certified_apps(tx: Tx, mode: Mode) -> list[App]:
    """The apps of the integrations directory, by name: certified, and able to connect to an account in that mode.

    # unscoped: everybody may see them.
    """
    rows = await tx.fetch(f"{_APP} AND certified AND (live OR $1 = 'test') ORDER BY lower(name), id LIMIT 500", mode)
    return [app for app in await _apps(tx, rows) if mode == "test" or may_grant_live(app)]


async def find_app(tx: Tx, app_id: Id) -> App | None:
    """An app by its id. # unscoped: accounts meet apps that others have registered."""
    row = await tx.fetchrow(f"{_APP} AND id = $1", app_id)
    return None if row is None else (await _apps(tx, [row]))[0]


async def find_apps(tx: Tx, app_ids: Collection[Id]) -> dict[Id, App]:
    """The same for several at once; those that are gone are missing. # unscoped: as `find_app`."""
    rows = await tx.fetch(f"{_APP} AND id = ANY($1::uuid[])", list(app_ids))
    return {app.id: app for app in await _apps(tx, rows)}


async def find_app_by_client_id(tx: Tx, client_id: str) -> App | None:
    """The app that presents itself by that name. # unscoped: whoever asks has not signed in yet."""
    row = await tx.fetchrow(f"{_APP} AND client_id = $1", _text(client_id))
    return None if row is None else (await _apps(tx, [row]))[0]


async def find_app_of_secret(tx: Tx, client_id: str, secret: str) -> App | None:
    """The app, if that is its client secret, or the one before it while that still works.

    # unscoped: the secret is what tells who calls.
    """
    row = await tx.fetchrow(f"{_APP} AND client_id = $1", _text(client_id))
    given = hash_token(secret)
    current = same(given, row["secret_hash"] if row else _NOTHING)
    until = row["previous_secret_until"] if row else None
    lasts = until is not None and until > now()
    previous = same(given, row["previous_secret_hash"] if row and lasts else _NOTHING)
    if row is None or not (current or previous):
        return None
    return (await _apps(tx, [row]))[0]


async def find_app_names(tx: Tx, app_ids: Collection[Id]) -> dict[Id, AppName]:
    """What is shown of apps beside what they made; the deleted keep their name, and only certified ones show a logo.

    # unscoped: names are for everybody who got something from the app.
    """
    if not app_ids:
        return {}
    rows = await tx.fetch("SELECT * FROM apps WHERE id = ANY($1::uuid[])", list(set(app_ids)))
    return {Id(row["id"]): _name(row) for row in rows}


async def list_connections(tx: Tx, scope: Scope) -> list[Connection]:
    """Who may act for the account in this mode now, newest first."""
    rows = await tx.fetch(
        f"{_CONNECTION} AND c.account_id = $1 AND c.mode = $2 ORDER BY c.id DESC LIMIT 500",
        scope.account_id,
        scope.mode,
    )
    return [connection_of(row) for row in rows]


async def find_connection(tx: Tx, scope: Scope, app_id: Id) -> Connection | None:
    """What the account has granted that app in this mode, if it has not ended."""
    row = await tx.fetchrow(
        f"{_CONNECTION} AND c.account_id = $1 AND c.mode = $2 AND c.app_id = $3", scope.account_id, scope.mode, app_id
    )
    return None if row is None else connection_of(row)


async def list_connected_accounts(tx: Tx, app_id: Id) -> list[Connection]:
    """The accounts that an app may act for now, in either mode, newest first.

    # unscoped: it is the app's side of the connections; the caller has proven to be the app or to own it.
    """
    rows = await tx.fetch(f"{_CONNECTION} AND c.app_id = $1 ORDER BY c.id DESC", app_id)
    return [connection_of(row) for row in rows]


async def count_connected_accounts(tx: Tx, app_ids: Collection[Id]) -> dict[Id, int]:
    """How many accounts each app may act for now. # unscoped: as `list_connected_accounts`."""
    rows = await tx.fetch(
        "SELECT app_id, count(DISTINCT account_id)::int AS accounts FROM connections "
        "WHERE ended_at IS NULL AND app_id = ANY($1::uuid[]) GROUP BY app_id",
        list(app_ids),
    )
    return {Id(row["app_id"]): row["accounts"] for row in rows}


async def has_live_connections(tx: Tx, app_id: Id) -> bool:
    """Whether any account lets the app into its live data. # unscoped: as `list_connected_accounts`."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM connections WHERE app_id = $1 AND mode = 'live' AND ended_at IS NULL)", app_id
    )
    return found


def connection_of(row: Row) -> Connection:
    """A row of connections, with what `CONNECTED` adds, as the type."""
    return Connection(
        id=Id(row["id"]),
        account_id=Id(row["account_id"]),
        mode=row["mode"],
        app_id=Id(row["app_id"]),
        scopes=row["scopes"],
        created_by=row["person"],
        granter_left=row["person_left"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        last_used_at=row["last_used_at"],
        ended_at=row["ended_at"],
    )


def logo_path(app_id: Id, logo_key: str) -> str:
    """Where browsers get the logo; changes with it, so that it may be kept."""
    return f"/app-logos/{app_id}?v={logo_version(logo_key)}"


def logo_version(logo_key: str) -> str:
    """What tells one logo of an app from the next."""
    return logo_key.rpartition("/")[2].removesuffix(".png")


def _text(client_id: str) -> str:
    """PostgreSQL has no text with NUL or half a surrogate pair; no client id has either."""
    return client_id if client_id.isascii() and client_id.isprintable() else ""


def _name(row: Row) -> AppName:
    shown = row["logo_key"] is not None and row["certified"] and row["deleted_at"] is None
    logo_url = logo_path(Id(row["id"]), row["logo_key"]) if shown else None
    return AppName(id=Id(row["id"]), name=row["name"], site_url=row["site_url"], logo_url=logo_url)


async def _apps(tx: Tx, rows: Collection[Row]) -> list[App]:
    found = await tx.fetch(
        "SELECT app_id, origin, challenge, verified_at FROM app_origins WHERE app_id = ANY($1::uuid[]) "
        "ORDER BY app_id, position",
        [row["id"] for row in rows],
    )
    origins: dict[str, list[Origin]] = {row["id"]: [] for row in rows}
    for row in found:
        origins[row["app_id"]].append(
            Origin(origin=row["origin"], challenge=row["challenge"], verified_at=row["verified_at"])
        )
    return [_app(row, origins[row["id"]]) for row in rows]


def _app(row: Row, origins: list[Origin]) -> App:
    return App(
        id=Id(row["id"]),
        account_id=Id(row["account_id"]),
        name=row["name"],
        site_url=row["site_url"],
        client_id=row["client_id"],
        secret_hint=row["secret_hint"],
        previous_secret_until=row["previous_secret_until"],
        logo_key=row["logo_key"],
        redirect_uris=tuple(row["redirect_uris"]),
        origins=tuple(origins),
        live=row["live"],
        certified=row["certified"],
        approved=row["approved"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
