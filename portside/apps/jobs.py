"""Jobs of apps."""

from __future__ import annotations

from portside.jobs.models import Run
from portside.jobs.registry import job
from portside.kit.services import services


@job("apps.drop_logo", lane="slow")
async def drop_logo(run: Run) -> None:
    """Remove a picture that no app shows any more. Each has a key of its own, so none comes into use again."""
    await services().files.remove(run.payload["key"])
