"""What follows from an owner's changes of an app: live data that rests, and pictures that nobody shows any more."""

from __future__ import annotations

import pytest

from portside.apps import actions
from portside.apps.queries import find_app
from portside.db.begin import begin, reading
from portside.jobs.drain import drain
from portside.kit.files import NoSuchFile
from portside.kit.services import services
from tests.support.cast import Person
from tests.support.partners import grant
from tests.web.conftest import Browser
from tests.web.test_apps import FORM, PATH, png, register, upload


async def test_the_owner_reads_that_live_data_rests_and_what_would_bring_that_about(
    at_desk: Browser, alice: Person, charlie: Person
) -> None:
    app, _ = await register(at_desk)
    async with begin() as tx:
        await actions.approve_app(tx, app.client_id, True)
    assert "data rests" in (await at_desk.get(f"{PATH}/{app.id}/edit")).text
    await grant(charlie.live_scope, app)
    before = (await at_desk.get(f"{PATH}/{app.id}")).text
    assert "Live data is closed to this app" not in before and "data rests until a site is verified" in before
    await at_desk.post(f"{PATH}/{app.id}/edit", {**FORM, "live": ""})
    assert "Live data is closed to this app" in (await at_desk.get(f"{PATH}/{app.id}")).text
    await at_desk.post(f"{PATH}/{app.id}/edit", FORM)
    async with begin() as tx:
        await actions.mark_origin_verified(tx, alice.scope, app.id, "https://store.example")
    page = (await at_desk.get(f"{PATH}/{app.id}")).text
    assert "Live data is closed to this app" not in page and "data rests" not in page


async def test_pictures_that_no_app_shows_any_more_are_removed(at_desk: Browser) -> None:
    app, _ = await register(at_desk)
    kept: list[str] = []
    for _ in range(2):
        assert (await upload(at_desk, app, png())).status_code == 303
        async with reading() as tx:
            shown = await find_app(tx, app.id)
        assert shown is not None and shown.logo_key is not None
        kept.append(shown.logo_key)
    await drain()
    with pytest.raises(NoSuchFile):
        await services().files.get(kept[0])
    assert (await services().files.get(kept[1])).startswith(b"\x89PNG")
    assert (await at_desk.post(f"{PATH}/{app.id}/delete")).status_code == 303
    await drain()
    with pytest.raises(NoSuchFile):
        await services().files.get(kept[1])
