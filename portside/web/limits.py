"""How often an account may do what costs us something or leaves something behind."""

from __future__ import annotations

import datetime as dt

from portside.accounts.actions import note_attempt
from portside.accounts.queries import count_attempts
from portside.db.begin import begin
from portside.errors import Overloaded
from portside.kit.clock import now
from portside.web.visit import Visit

# What an account may do in an hour: each asks sites of strangers in our name, or leaves a row or a file behind.
_MOST = {"register-app": 60, "verify-origin": 60, "upload-logo": 30}
_WINDOW = dt.timedelta(hours=1)


async def count(visit: Visit, what: str) -> None:
    """Raises Overloaded when the account does it without end."""
    name, minute = f"{what} {visit.scope.account_id}", now().replace(second=0, microsecond=0)
    async with begin() as tx:
        await note_attempt(tx, name, minute)
        times = await count_attempts(tx, name, minute - _WINDOW)
    if times > _MOST[what]:
        raise Overloaded("That was done very often. Wait an hour and try again.", int(_WINDOW.total_seconds()))
