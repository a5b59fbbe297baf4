"""Jobs of people: writing the mails, after the answer has been given, and forgetting what was not finished."""

from __future__ import annotations

from portside.db.begin import begin
from portside.errors import NotFound
from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.people import actions, flows

_HOUR = 3600


@job("people.send_code", lane="fast")
async def send_code(run: Run) -> None:
    """The code of a sign-up."""
    try:
        await flows.send_code(run.payload["sign_up"])
    except NotFound:
        # Finished or over meanwhile.
        return


@job("people.send_email_code", lane="fast")
async def send_email_code(run: Run) -> None:
    """The code for a new e-mail."""
    await flows.send_email_code(run.payload["user"])


@job("people.send_reset", lane="fast")
async def send_reset(run: Run) -> None:
    """The link to a new password, if somebody has that e-mail."""
    await flows.send_reset(run.payload["email"])


@job("people.send_invitation", lane="fast")
async def send_invitation(run: Run) -> None:
    """The link of an invitation."""
    await flows.send_invitation(run.payload["invitation"])


@job("people.note_refusals", lane="fast")
async def note_refusals(run: Run) -> None:
    """The door was closed for an e-mail: tell its accounts' logs."""
    await flows.note_refusals(run.payload["email"], run.payload["address"])


@job("people.forget", lane="polls", every=_HOUR)
async def forget(_run: Run) -> None:
    """Remove what was not finished in time."""
    async with begin() as tx:
        await actions.forget_requests(tx)
