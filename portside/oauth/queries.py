"""Reads of the OAuth protocol's own tables."""

from __future__ import annotations

import msgspec

from portside.db.tx import Row, Tx
from portside.kit.clock import now
from portside.kit.crypto import hash_token
from portside.oauth.models import Interaction, Prefill


async def find_interaction(tx: Tx, handle: str) -> Interaction | None:
    """The way through the connect page with this name, unless it is finished or its time is over.

    # unscoped: nobody is signed in yet, and who holds the name is on that way.
    """
    row = await tx.fetchrow(
        "SELECT * FROM oauth_interactions WHERE handle_hash = $1 AND expires_at > $2", hash_token(handle), now()
    )
    return None if row is None else interaction_of(row)


def interaction_of(row: Row) -> Interaction:
    """A row of oauth_interactions as the type."""
    names = [name for name in Interaction.__struct_fields__ if name != "prefill"]
    return Interaction(prefill=msgspec.convert(row["prefill"], Prefill), **{name: row[name] for name in names})
