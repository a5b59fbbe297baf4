"""Settling terms, and ending them."""

from __future__ import annotations

from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.kit.scope import Scope

# Whether a platform may settle an account's terms: it manages the account, or an app of its own is connected in the
# mode. Its rows: `t`, with the platform as `partner_id`.
IS_CURRENT = (
    "(EXISTS (SELECT FROM accounts a WHERE a.id = t.account_id AND a.parent_id = t.partner_id) "
    "OR EXISTS (SELECT FROM connections c JOIN apps p ON p.id = c.app_id WHERE c.account_id = t.account_id "
    "AND c.mode = t.mode AND c.ended_at IS NULL AND p.account_id = t.partner_id AND p.deleted_at IS NULL))"
)


async def end_terms(tx: Tx, scope: Scope, partner_account_id: Id) -> bool:
    """End what a platform has settled for the account (`scope`: the merchant's), in the scope's mode; gives whether
    there was anything to end.

    To be called after a connection of one of its apps has ended, in the same transaction: as long as another of its
    apps is connected, or it manages the account, its terms stay. Rates that were shown keep their prices.
    """
    ended = await tx.fetchval(
        f"DELETE FROM account_terms t WHERE t.account_id = $1 AND t.mode = $2 AND t.partner_id = $3 "
        f"AND NOT {IS_CURRENT} RETURNING t.account_id",
        scope.account_id,
        scope.mode,
        partner_account_id,
    )
    return ended is not None
