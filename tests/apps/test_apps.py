"""Apps and connections as the rows they are: secrets, rotation, connecting again, ending."""

from __future__ import annotations

import asyncio
import datetime as dt
import re

import pytest

from portside.apps import actions, queries
from portside.apps.models import App, AppChanges, AppDraft
from portside.apps.rules import frame_origins, trust_of
from portside.db.begin import begin, reading
from portside.errors import Conflict, FieldErrors, NotFound
from portside.kit.scope import Scope
from portside.oauth.actions import disconnect, disconnect_everyone
from tests.support.cast import Person, make_person

CALLBACK = "https://store.example/callback"


@pytest.fixture
async def paula(product: object) -> Person:
    """The partner."""
    return await make_person("paula")


async def new_app(scope: Scope, **given: object) -> tuple[App, str]:
    draft = AppDraft(scope=scope, **{"name": "Lighthouse Store", "redirect_uris": (CALLBACK,), **given})  # type: ignore[arg-type]
    async with begin() as tx:
        return await actions.create_app(tx, draft)


def changes_of(app: App, **changes: object) -> AppChanges:
    said = {"name": app.name, "redirect_uris": app.redirect_uris, "site_url": app.site_url, "live": app.live}
    origins = tuple(known.origin for known in app.origins)
    return AppChanges(**{**said, "origins": origins, **changes})  # type: ignore[arg-type]


async def is_secret(client_id: str, secret: str) -> bool:
    async with reading() as tx:
        return await queries.find_app_of_secret(tx, client_id, secret) is not None


async def test_a_new_app_has_an_id_and_a_secret_that_only_its_client_knows(paula: Person) -> None:
    app, secret = await new_app(paula.scope)
    assert re.fullmatch(r"partner_[0-9a-f]{24}", app.client_id)
    assert re.fullmatch(r"secret_[0-9a-f]{40}", secret) and secret.endswith(app.secret_hint)
    assert await is_secret(app.client_id, secret)
    assert not await is_secret(app.client_id, secret[:-1] + ("0" if secret[-1] != "0" else "1"))
    assert not await is_secret("partner_" + "0" * 24, secret)
    assert not await is_secret(app.client_id + "\x00", secret)
    async with reading() as tx:
        rows = await tx.fetch("SELECT apps::text AS row FROM apps WHERE id = $1", app.id)
    assert secret not in rows[0]["row"]


async def test_a_rotated_secret_dies_at_once_or_a_day_later(paula: Person) -> None:
    app, first = await new_app(paula.scope)
    async with begin() as tx:
        second = await actions.rotate_secret(tx, paula.scope, app.id, keep_old=True)
    assert await is_secret(app.client_id, first) and await is_secret(app.client_id, second)
    async with begin() as tx:
        await tx.execute("UPDATE apps SET previous_secret_until = now() - interval '1 second' WHERE id = $1", app.id)
    assert not await is_secret(app.client_id, first) and await is_secret(app.client_id, second)
    async with begin() as tx:
        third = await actions.rotate_secret(tx, paula.scope, app.id, keep_old=False)
    assert not await is_secret(app.client_id, second) and await is_secret(app.client_id, third)


async def test_the_day_of_grace_is_a_day(paula: Person) -> None:
    app, _ = await new_app(paula.scope)
    async with begin() as tx:
        await actions.rotate_secret(tx, paula.scope, app.id, keep_old=True)
        kept = (await queries.get_app(tx, paula.scope, app.id)).previous_secret_until
    left = kept - dt.datetime.now(dt.UTC) if kept else None
    assert left is not None and dt.timedelta(hours=23) < left <= dt.timedelta(hours=24)


async def test_another_partner_cannot_see_or_change_an_app(paula: Person, charlie: Person) -> None:
    app, secret = await new_app(paula.scope)
    for work in (
        lambda tx: queries.get_app(tx, charlie.scope, app.id),
        lambda tx: actions.update_app(tx, charlie.scope, app.id, changes_of(app, name="Mine now")),
        lambda tx: actions.rotate_secret(tx, charlie.scope, app.id, keep_old=False),
        lambda tx: actions.set_logo(tx, charlie.scope, app.id, "app-logos/x/y.png"),
        lambda tx: actions.mark_origin_verified(tx, charlie.scope, app.id, "https://store.example"),
        lambda tx: actions.delete_app(tx, charlie.scope, app.id),
    ):
        with pytest.raises(NotFound):
            async with begin() as tx:
                await work(tx)
    async with reading() as tx:
        assert await queries.list_apps(tx, charlie.scope) == []
        assert (await queries.list_apps(tx, paula.scope))[0].name == "Lighthouse Store"
    assert await is_secret(app.client_id, secret)


async def test_an_origin_that_stays_keeps_its_verification(paula: Person) -> None:
    app, _ = await new_app(paula.scope, origins=("https://a.example", "https://b.example"))
    async with begin() as tx:
        await actions.mark_origin_verified(tx, paula.scope, app.id, "https://a.example")
        changes = changes_of(app, origins=("https://c.example", "https://a.example"))
        changed = await actions.update_app(tx, paula.scope, app.id, changes)
    assert [(known.origin, known.verified_at is not None) for known in changed.origins] == [
        ("https://c.example", False),
        ("https://a.example", True),
    ]
    async with begin() as tx:
        await actions.update_app(tx, paula.scope, app.id, changes_of(app, origins=()))
        again = await actions.update_app(tx, paula.scope, app.id, changes_of(app, origins=("https://a.example",)))
    assert again.origins[0].verified_at is None, "an origin that was taken away must be verified anew"


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"name": "Lantern Post"}, ()),
        ({"site_url": "https://famous.example"}, ()),
        ({"redirect_uris": (CALLBACK, "https://elsewhere.example/cb")}, ()),
        ({"redirect_uris": ("https://elsewhere.example/cb",)}, ()),
        ({"origins": ("https://a.example", "https://b.example", "https://c.example")}, ("certified",)),
        ({"origins": ("https://a.example",)}, ("certified", "approved")),
        ({"live": True}, ("certified", "approved")),
        ({"name": " Lighthouse   Store "}, ("certified", "approved")),
    ],
)
async def test_what_the_operator_said_of_an_app_holds_until_it_is_another_one(
    paula: Person, changes: dict[str, object], kept: tuple[str, ...]
) -> None:
    origins = ("https://a.example", "https://b.example")
    app, _ = await new_app(paula.scope, certified=True, approved=True, origins=origins)
    async with begin() as tx:
        await actions.mark_origin_verified(tx, paula.scope, app.id, "https://a.example")
        changed = await actions.update_app(tx, paula.scope, app.id, changes_of(app, **changes))
        rows = await tx.fetch(
            "SELECT action FROM audit_entries WHERE account_id = $1 AND details IN ($2, $3) ORDER BY id",
            paula.account_id,
            {"certified": False},
            {"approved": False},
        )
    assert trust_of(changed) == kept
    assert [row["action"] for row in rows] == [f"app.{each}" for each in ("certified", "approved") if each not in kept]
    verified = {known.origin for known in changed.origins if known.verified_at is not None}
    assert verified == {"https://a.example"} <= set(frame_origins(changed))
    # What was verified by nobody but the operator's word is not any more; a further site never is.
    assert ("https://b.example" in frame_origins(changed)) is ("approved" in kept and len(changed.origins) == 2)
    assert "https://c.example" not in frame_origins(changed)


async def test_another_logo_ends_what_the_operator_said_unless_it_is_theirs(paula: Person) -> None:
    app, _ = await new_app(paula.scope, certified=True, approved=True)
    for number, (by_operator, kept) in enumerate([(True, ("certified", "approved")), (False, ())]):
        key = f"app-logos/{app.id}/{number}.png"
        async with begin() as tx:
            await actions.set_logo(tx, paula.scope, app.id, key, by_operator=by_operator)
            assert trust_of(await queries.get_app(tx, paula.scope, app.id)) == kept
    async with begin() as tx:
        await actions.certify_app(tx, app.client_id, True)
        await actions.set_logo(tx, paula.scope, app.id, key)
        assert trust_of(await queries.get_app(tx, paula.scope, app.id)) == ("certified",)
        await actions.set_logo(tx, paula.scope, app.id, None)
        assert trust_of(await queries.get_app(tx, paula.scope, app.id)) == ()


async def test_connecting_again_changes_what_was_granted(paula: Person, alice: Person) -> None:
    app, _ = await new_app(paula.scope)
    async with begin() as tx:
        first = await actions.connect(tx, alice.scope, app.id, "orders:write", None)
        second = await actions.connect(tx, alice.scope, app.id, "*", None)
        live = await actions.connect(tx, alice.live_scope, app.id, "*", None)
        assert (second.id, second.scopes, second.created_at) == (first.id, "*", first.created_at)
        assert [found.id for found in await queries.list_connections(tx, alice.scope)] == [first.id]
        assert {found.id for found in await queries.list_connected_accounts(tx, app.id)} == {first.id, live.id}
        assert await queries.count_connected_accounts(tx, [app.id]) == {app.id: 1}


async def test_two_connects_at_once_make_one_connection(paula: Person, alice: Person) -> None:
    app, _ = await new_app(paula.scope)

    async def connect() -> str:
        async with begin() as tx:
            return (await actions.connect(tx, alice.scope, app.id, "*", None)).id

    made = await asyncio.gather(*(connect() for _ in range(6)))
    assert len(set(made)) == 1


async def test_an_ended_connection_is_gone_and_another_one_is_new(
    paula: Person, alice: Person, charlie: Person
) -> None:
    app, _ = await new_app(paula.scope)
    async with begin() as tx:
        first = await actions.connect(tx, alice.scope, app.id, "*", None)
    for foreign in (charlie.scope, alice.live_scope):
        with pytest.raises(NotFound):
            async with begin() as tx:
                await actions.end_connection(tx, foreign, first.id, "user:x")
    async with begin() as tx:
        await actions.end_connection(tx, alice.scope, first.id, str(alice.scope.actor))
        await actions.end_connection(tx, alice.scope, first.id, "somebody later")
        assert await queries.find_connection(tx, alice.scope, app.id) is None
        assert (await actions.connect(tx, alice.scope, app.id, "*", None)).id != first.id
        ended_by = await tx.fetchval("SELECT ended_by FROM connections WHERE id = $1", first.id)
    assert ended_by == str(alice.scope.actor)


async def test_a_deleted_app_takes_no_connection_and_keeps_its_name(paula: Person, alice: Person) -> None:
    app, secret = await new_app(paula.scope, certified=True)
    async with begin() as tx:
        connection = await actions.connect(tx, alice.scope, app.id, "*", None)
    with pytest.raises(Conflict):
        async with begin() as tx:
            await actions.delete_app(tx, paula.scope, app.id)
    async with begin() as tx:
        await actions.end_connection(tx, alice.scope, connection.id, "user:x")
        await actions.delete_app(tx, paula.scope, app.id)
    assert not await is_secret(app.client_id, secret)
    with pytest.raises(NotFound):
        async with begin() as tx:
            await actions.connect(tx, alice.scope, app.id, "*", None)
    async with reading() as tx:
        assert (await queries.find_app_names(tx, [app.id]))[app.id].name == "Lighthouse Store"
        assert await queries.find_app_by_client_id(tx, app.client_id) is None
        assert await queries.find_app(tx, app.id) is None


async def test_an_app_is_deleted_while_accounts_connect_and_leave(
    paula: Person, alice: Person, charlie: Person
) -> None:
    async def connect(app: App, scope: Scope) -> None:
        async with begin() as tx:
            await actions.connect(tx, scope, app.id, "*", None)

    async def leave(app: App, scope: Scope) -> None:
        async with begin() as tx:
            await disconnect(tx, scope, app.id)

    async def delete(app: App) -> None:
        async with begin() as tx:
            await actions.hold_app(tx, paula.scope, app.id)
            await disconnect_everyone(tx, app.id, paula.scope.actor)
            await actions.delete_app(tx, paula.scope, app.id)

    for _ in range(8):
        app, _ = await new_app(paula.scope)
        for scope in (alice.scope, charlie.scope):
            await connect(app, scope)
        others = [connect(app, alice.scope), connect(app, charlie.live_scope), leave(app, charlie.scope)]
        deleted, *ends = await asyncio.gather(delete(app), *others, return_exceptions=True)
        assert deleted is None
        assert all(end is None or isinstance(end, NotFound) for end in ends)
        async with reading() as tx:
            assert await queries.find_app(tx, app.id) is None
            assert await queries.list_connected_accounts(tx, app.id) == []


async def test_only_certified_apps_show_a_logo(paula: Person) -> None:
    app, _ = await new_app(paula.scope)
    async with begin() as tx:
        await actions.set_logo(tx, paula.scope, app.id, f"app-logos/{app.id}/abc123.png")
        assert (await queries.find_app_names(tx, [app.id]))[app.id].logo_url is None
        await actions.certify_app(tx, app.client_id, True)
        assert (await queries.find_app_names(tx, [app.id]))[app.id].logo_url == f"/app-logos/{app.id}?v=abc123"
        await actions.certify_app(tx, app.client_id, False)
        assert (await queries.find_app_names(tx, [app.id]))[app.id].logo_url is None


async def test_an_account_has_so_many_apps_and_no_more(paula: Person) -> None:
    async with begin() as tx:
        await tx.execute(
            "INSERT INTO apps (id, account_id, name, client_id, secret_hash, secret_hint, redirect_uris, created_at, "
            "updated_at) SELECT gen_random_uuid(), $1, 'App', gen_random_uuid()::text, '', '', '{}', now(), now() "
            "FROM generate_series(1, 49) n",
            paula.account_id,
        )
    results = await asyncio.gather(*(new_app(paula.scope) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results if isinstance(result, Exception)] == [FieldErrors, FieldErrors]
    app, _ = await new_app(paula.scope, approved=True)
    assert app.approved, "the operator is not an account that fills the list by itself"


async def test_what_an_owner_does_is_written_down_without_secrets(paula: Person) -> None:
    app, secret = await new_app(paula.scope)
    async with begin() as tx:
        await actions.update_app(tx, paula.scope, app.id, changes_of(app, name="Renamed"))
        rotated = await actions.rotate_secret(tx, paula.scope, app.id, keep_old=False, address="203.0.113.7")
        await actions.delete_app(tx, paula.scope, app.id)
        rows = await tx.fetch(
            "SELECT action, actor, address, audit_entries::text AS text FROM audit_entries WHERE account_id = $1 "
            "ORDER BY id",
            paula.account_id,
        )
    assert [row["action"] for row in rows] == ["app.created", "app.changed", "app.secret_rotated", "app.deleted"]
    assert {row["actor"] for row in rows} == {str(paula.scope.actor)} and rows[2]["address"] == "203.0.113.7"
    assert not any(word in row["text"] for row in rows for word in (secret, rotated))
