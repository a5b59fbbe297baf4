"""Pure facts about batches: which states count as what, and when a batch is valid."""

from __future__ import annotations

from collections.abc import Mapping

from portside.batches.models import BatchStatus, RowResult, RowState
from portside.kit.ids import Id

# In all of its life.
MOST_ROWS = 10_000
# Labels in one file of merged labels.
LABELS_PER_FILE = 100
# How often a label is asked for again because the carrier never received the purchase. A crash of ours is what loses
# one as a rule, so this only has to end somewhere.
MOST_TRIES = 10

STATES_OF: Mapping[RowResult, tuple[RowState, ...]] = {
    "creation_failed": ("invalid", "incomplete"),
    "creation_succeeded": ("valid", "open", "bought", "failed"),
    "purchase_failed": ("failed",),
    "purchase_succeeded": ("bought",),
}
# What a filter lists: rows that wait to be looked at are shown as VALID, so whoever asks for those gets them too.
SHOWN_AS: Mapping[RowResult, tuple[RowState, ...]] = {
    **STATES_OF,
    "creation_succeeded": ("received", *STATES_OF["creation_succeeded"]),
}


def results_of(counts: Mapping[RowState, int]) -> dict[RowResult, int]:
    """Rows by result, of rows by state."""
    return {result: sum(counts.get(state, 0) for state in states) for result, states in STATES_OF.items()}


def status_of(counts: Mapping[RowState, int]) -> BatchStatus:
    """The status of a batch that is not being bought."""
    if counts.get("received"):
        return "VALIDATING"
    return "INVALID" if any(counts.get(state) for state in STATES_OF["creation_failed"]) else "VALID"


def file_key(account_id: Id, batch_id: Id, number: int, extension: str) -> str:
    """Where the nth file of merged labels is stored."""
    return f"batches/{account_id}/{batch_id}-{number}.{extension}"
