"""An account of the test's own, and a reaction whose jobs only lie there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portside.events import outbox
from portside.jobs import registry
from portside.jobs.models import Run
from portside.kit.ids import new_id
from portside.kit.scope import Scope

REACTION = "probe.react"


@pytest.fixture
def scope() -> Scope:
    return Scope(account_id=new_id(), mode="test", owner="alice@example.com")


@pytest.fixture(autouse=True)
def reaction() -> Iterator[list[Run]]:
    """Orders created have one reaction; gives its runs."""
    runs: list[Run] = []
    kinds, reactions = dict(registry._kinds), outbox._reactions

    async def react(run: Run) -> None:
        runs.append(run)

    registry.job(REACTION, lane="webhooks")(react)
    outbox.install({"order_created": [REACTION]})
    yield runs
    outbox.install(reactions)
    registry._kinds.clear()
    registry._kinds.update(kinds)
