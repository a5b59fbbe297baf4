"""A way through the connect page: named by a value of the form, good once, for a quarter of an hour."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from portside.accounts.actions import create_user
from portside.db.begin import begin, reading
from portside.errors import Forbidden, NotFound
from portside.kit.ids import new_id
from portside.kit.scope import Mode
from portside.oauth import actions, jobs
from portside.oauth.models import Interaction, Prefill
from portside.oauth.queries import find_interaction
from tests.oauth.parties import CALLBACK, Partner, draft_for, user_of
from tests.support.cast import Person

STATE = "a b&c=d/é?\u2028%41\r\n" + "x" * 2000


async def began(partner: Partner, **changes: Any) -> str:
    async with begin() as tx:
        return await actions.begin_interaction(tx, draft_for(partner, **changes))


async def found(handle: str) -> Interaction | None:
    async with reading() as tx:
        return await find_interaction(tx, handle)


async def signed_in(handle: str, person: Person) -> str:
    user_id = await user_of(person)
    async with begin() as tx:
        return await actions.sign_in_interaction(tx, handle, user_id, person.account_id)


async def test_everything_it_is_bound_to_comes_back(partner: Partner) -> None:
    prefill = Prefill(email="shop@example.com", company_name="Shop & Söhne")
    handle = await began(
        partner,
        mode="live",
        origin="https://store.example",
        state=STATE,
        code_challenge="c" * 43,
        prefill=prefill,
        utm_source="x",
        scopes="orders:read orders:write",
        redirect_uri_given=False,
    )
    interaction = await found(handle)
    assert interaction is not None
    assert interaction.state == STATE
    assert interaction == Interaction(
        app_id=partner.app.id,
        mode="live",
        redirect_uri=CALLBACK,
        redirect_uri_given=False,
        scopes="orders:read orders:write",
        origin="https://store.example",
        state=STATE,
        code_challenge="c" * 43,
        prefill=prefill,
        utm_source="x",
        user_id=None,
        account_id=None,
        expires_at=interaction.expires_at,
    )


async def test_its_name_is_not_kept(partner: Partner) -> None:
    handle = await began(partner)
    async with reading() as tx:
        rows = await tx.fetch("SELECT i::text AS row FROM oauth_interactions i")
    assert rows and not any(handle in row["row"] for row in rows)


async def test_signing_in_gives_it_a_new_name(partner: Partner, alice: Person) -> None:
    before = await began(partner)
    after = await signed_in(before, alice)
    assert await found(before) is None
    interaction = await found(after)
    assert interaction is not None and interaction.account_id == alice.account_id
    with pytest.raises(NotFound):
        await signed_in(before, alice)


async def test_it_is_finished_once(partner: Partner, alice: Person) -> None:
    handle = await signed_in(await began(partner), alice)

    async def finish() -> Interaction | None:
        async with begin() as tx:
            return await actions.consume_interaction(tx, handle)

    results = await asyncio.gather(*[finish() for _ in range(5)])
    assert sum(result is not None for result in results) == 1
    assert await found(handle) is None


async def test_it_ends_after_a_quarter_of_an_hour_however_often_somebody_signs_in(
    partner: Partner, alice: Person
) -> None:
    handle = await began(partner)
    first = await found(handle)
    handle = await signed_in(handle, alice)
    second = await found(handle)
    assert first is not None and second is not None and first.expires_at == second.expires_at
    async with begin() as tx:
        row = await tx.fetchrow(
            "UPDATE oauth_interactions SET expires_at = now() - interval '1 second' WHERE app_id = $1 "
            "RETURNING $2 - created_at AS lasted",
            partner.app.id,
            first.expires_at,
        )
    assert row is not None and row["lasted"].total_seconds() == 900
    assert await found(handle) is None
    with pytest.raises(NotFound):
        await signed_in(handle, alice)
    async with begin() as tx:
        assert await actions.consume_interaction(tx, handle) is None
    await jobs.forget(None)  # type: ignore[arg-type]
    async with reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM oauth_interactions WHERE app_id = $1", partner.app.id) == 0


@pytest.mark.parametrize("handle", ["", "0" * 40, "\x00", "\ud800", "x" * 100_000])
async def test_a_forged_name_is_nobodys(partner: Partner, alice: Person, handle: str) -> None:
    await began(partner)
    assert await found(handle) is None
    with pytest.raises(NotFound):
        await signed_in(handle, alice)
    async with begin() as tx:
        assert await actions.consume_interaction(tx, handle) is None


async def grant_of(handle: str) -> str:
    async with begin() as tx:
        interaction = await actions.consume_interaction(tx, handle)
        assert interaction is not None
        return await actions.grant(tx, interaction)


async def test_nothing_is_granted_before_somebody_signed_in(partner: Partner) -> None:
    with pytest.raises(NotFound):
        await grant_of(await began(partner))


async def test_somebody_who_left_the_account_grants_nothing(partner: Partner, alice: Person, charlie: Person) -> None:
    handle = await began(partner)
    user_id = await user_of(charlie)
    async with begin() as tx:
        handle = await actions.sign_in_interaction(tx, handle, user_id, alice.account_id)
    with pytest.raises(Forbidden):
        await grant_of(handle)


@pytest.mark.parametrize(("mode", "may"), [("test", True), ("live", False)])
async def test_live_data_needs_a_verified_address(partner: Partner, alice: Person, mode: Mode, may: bool) -> None:
    user_id = new_id()
    async with begin() as tx:
        email = f"bob-{user_id[-12:]}@example.com"
        await create_user(tx, user_id=user_id, email=email, name="Bob", password_hash="none")
        await tx.execute("UPDATE users SET email_verified_at = NULL WHERE id = $1", user_id)
        await tx.execute("UPDATE members SET user_id = $2 WHERE account_id = $1", alice.account_id, user_id)
        handle = await actions.begin_interaction(tx, draft_for(partner, mode=mode))
        handle = await actions.sign_in_interaction(tx, handle, user_id, alice.account_id)
    if may:
        assert await grant_of(handle)
    else:
        with pytest.raises(Forbidden):
            await grant_of(handle)
