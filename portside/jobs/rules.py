"""When a failed job runs again, and what is kept of its error."""

from __future__ import annotations

from portside.jobs.models import Retry
from portside.kit.redact import redact_text

LONGEST_ERROR = 1000


def next_delay(retry: Retry, failures: int, roll: float) -> float | None:
    """Seconds until the next attempt after the n-th failure, or None: the job is dead.

    `roll` in [0, 1) spreads it by ±20 %, so that jobs which failed together do not come back together.
    """
    if failures > len(retry.delays):
        return None
    return retry.delays[failures - 1] * (0.8 + 0.4 * roll)


def error_text(error: BaseException) -> str:
    """The error as it is stored: without secrets, cut, and free of what PostgreSQL refuses in a text."""
    text = redact_text(f"{type(error).__name__}: {error}".replace("\x00", "\N{REPLACEMENT CHARACTER}"))
    return text[:LONGEST_ERROR].encode("utf-8", "replace").decode("utf-8")
