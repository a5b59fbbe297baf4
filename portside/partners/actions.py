"""Changes that platforms make to the accounts of their merchants."""

from __future__ import annotations

from portside.accounts import actions as accounts
from portside.accounts.models import Account, ManagedAccountDraft
from portside.carrier_accounts.actions import open_default_accounts
from portside.db.tx import Tx


async def open_managed_account(tx: Tx, draft: ManagedAccountDraft) -> Account:
    """A managed account that can ship at once: with the default carrier accounts, in both modes. Raises Forbidden."""
    account = await accounts.create_managed_account(tx, draft)
    await open_default_accounts(tx, account.id)
    return account
