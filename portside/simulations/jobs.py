"""The simulated carriers' own motor: news that has come due is pushed, old entries of their call log are dropped."""

from __future__ import annotations

from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.simulations import flows


@job("simulations.push_due", lane="polls", every=5)
async def push_due(_run: Run) -> None:
    """Push the scans that have come due."""
    await flows.push_due()


@job("simulations.tidy", lane="polls", every=3600)
async def tidy(_run: Run) -> None:
    """Drop old calls from the log."""
    await flows.tidy()
