"""What was resolved long ago goes; what nobody has resolved stays; and nothing comes back."""

from __future__ import annotations

import httpx

from portside.alerts import actions, jobs
from portside.alerts.models import Settings, Thresholds
from portside.alerts.queries import list_entries
from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.jobs.models import Run
from tests.alerts.conftest import alerts_of, pass_days, ship
from tests.support.cast import Person

NOW = Run(job_id=1, attempt=1, payload={})


async def test_an_alert_goes_a_year_after_it_was_resolved(
    api: httpx.AsyncClient, alice: Person, charlie: Person
) -> None:
    for _ in range(3):
        await ship(api, "SIM_STORY_UNDELIVERABLE")
    await pass_days(api, 40)
    old, recent, still_open = await alerts_of(alice)
    async with begin() as tx:
        await actions.note_alert(tx, alice.scope, old.id, "The buyer was called.")
        assert await actions.resolve_alerts(tx, alice.scope, [old.id, recent.id]) == 2
    await current_pool().execute(
        "UPDATE alerts SET created_at = created_at - interval '2 years', "
        "resolved_at = resolved_at - CASE id WHEN $1 THEN interval '366 days' ELSE interval '364 days' END "
        "WHERE account_id = $2",
        old.id,
        alice.account_id,
    )
    await jobs.forget(NOW)
    assert [alert.id for alert in await alerts_of(alice, "resolved")] == [recent.id]
    assert [alert.id for alert in await alerts_of(alice)] == [still_open.id]
    async with reading() as tx:
        assert await list_entries(tx, alice.scope, old.id) == []
        assert await list_entries(tx, alice.scope, recent.id) != []
    # Another threshold has everything that is watched looked at anew, and this is over.
    async with begin() as tx:
        await actions.change_alert_settings(tx, alice.scope, Settings(thresholds=Thresholds(late_days=2)))
    await jobs.sweep(NOW)
    assert [alert.id for alert in await alerts_of(alice)] == [still_open.id]
