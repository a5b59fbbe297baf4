"""Changes to carrier accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from portside.audit.actions import note
from portside.carrier_accounts.models import (
    SHIPPO_ACCOUNTS,
    CarrierAccount,
    CarrierAccountChange,
    CarrierAccountDraft,
    Parameter,
)
from portside.carrier_accounts.queries import SELECT, carrier_account, get_registration
from portside.carrier_accounts.rules import (
    changed_parameters,
    check_change,
    open_parameters,
    seal_parameters,
    signs_in,
)
from portside.db.tx import Tx
from portside.errors import NotFound
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Mode, Scope

# What every account can ship with from its first minute: carrier, metadata, parameters.
_DEFAULTS: Sequence[tuple[str, str, Mapping[str, Parameter]]] = (
    ("usps", "", {"is_commercial": True}),
    ("ups", "US", {}),
)
_COLUMNS = (
    "account_id, mode, id, carrier, carrier_account_id, parameters_sealed, parameter_names, active, is_test, "
    "is_shippo_account, metadata, authorization_status, created_at, updated_at"
)
_INSERT = (
    f"INSERT INTO carrier_accounts ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)"
)


async def create_carrier_accounts(tx: Tx, drafts: Sequence[CarrierAccountDraft]) -> list[CarrierAccount]:
    """Connect accounts that the caller has with carriers; gives them as stored, in the same order."""
    return [await _create(tx, draft) for draft in drafts]


async def _create(tx: Tx, draft: CarrierAccountDraft) -> CarrierAccount:
    made, moment = new_id(), now()
    parameters = changed_parameters({}, draft.parameters)
    account = CarrierAccount(
        id=made,
        carrier=draft.carrier,
        account_id=draft.account_id,
        parameters_sealed=seal_parameters(made, parameters),
        parameter_names=tuple(parameters),
        active=draft.active,
        is_test=draft.is_test,
        is_shippo_account=False,
        metadata=draft.metadata,
        authorization="authorization_pending" if signs_in(draft.carrier, is_shippo_account=False) else None,
        created_at=moment,
        updated_at=moment,
    )
    await tx.execute(_INSERT, *_values(draft.scope.account_id, draft.scope.mode, account))
    await note(tx, draft.scope, "carrier_account.created", f"{account.carrier} {account.account_id}")
    return account


async def register_carrier_account(
    tx: Tx, scope: Scope, carrier: str, parameters: Mapping[str, Parameter]
) -> CarrierAccount:
    """Open the Shippo account with a carrier. A second registration opens the same account again.

    What was agreed to is kept sealed, and is no parameter that the account shows.
    """
    await _open(tx, scope.account_id, scope.mode, carrier, "", {})
    known = await get_registration(tx, scope, carrier)
    await tx.execute(
        "UPDATE carrier_accounts SET active = true, parameters_sealed = $4, updated_at = $5 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        known.id,
        seal_parameters(known.id, {**open_parameters(known), **parameters}),
        now(),
    )
    await note(tx, scope, "carrier_account.created", f"{carrier} {known.account_id}")
    return await get_registration(tx, scope, carrier)


async def open_default_accounts(tx: Tx, account_id: Id) -> None:
    """Give a new account its USPS and UPS in both modes; repeating it changes nothing.

    # unscoped: an account that is being made has no caller yet, and both modes get theirs.
    """
    for mode in get_args(Mode):
        for carrier, metadata, parameters in _DEFAULTS:
            await _open(tx, account_id, mode, carrier, metadata, parameters)


async def _open(
    tx: Tx, account_id: Id, mode: Mode, carrier: str, metadata: str, parameters: Mapping[str, Parameter]
) -> None:
    made, moment = new_id(), now()
    account = CarrierAccount(
        id=made,
        carrier=carrier,
        account_id=SHIPPO_ACCOUNTS[carrier],
        parameters_sealed=seal_parameters(made, parameters),
        parameter_names=tuple(parameters),
        active=True,
        is_test=mode == "test",
        is_shippo_account=True,
        metadata=metadata,
        authorization=None,
        created_at=moment,
        updated_at=moment,
    )
    await tx.execute(f"{_INSERT} ON CONFLICT DO NOTHING", *_values(account_id, mode, account))


async def update_carrier_account(
    tx: Tx, scope: Scope, carrier_account_id: Id, change: CarrierAccountChange
) -> CarrierAccount:
    """Change an account; gives it as it is now. Raises NotFound, FieldErrors."""
    account = await _locked(tx, scope, carrier_account_id)
    check_change(account, change)
    sealed, names = account.parameters_sealed, account.parameter_names
    if change.parameters and not account.is_shippo_account:
        parameters = changed_parameters(open_parameters(account), change.parameters)
        sealed, names = seal_parameters(account.id, parameters), tuple(parameters)
    row = await tx.fetchrow(
        "UPDATE carrier_accounts SET carrier_account_id = coalesce($4, carrier_account_id), parameters_sealed = $5, "
        "parameter_names = $6, active = coalesce($7, active), is_test = coalesce($8, is_test), "
        "metadata = coalesce($9, metadata), updated_at = $10 WHERE account_id = $1 AND mode = $2 AND id = $3 "
        "RETURNING *",
        scope.account_id,
        scope.mode,
        account.id,
        change.account_id,
        sealed,
        list(names),
        change.active,
        change.is_test,
        change.metadata,
        now(),
    )
    assert row is not None, "the row is locked"
    changed = carrier_account(row)
    details = {"active": changed.active, "parameters": sorted(change.parameters or ())}
    await note(tx, scope, "carrier_account.changed", f"{changed.carrier} {changed.account_id}", details)
    return changed


async def note_sign_in(tx: Tx, scope: Scope, carrier_account_id: Id) -> None:
    """The carrier says that its owner consented. Raises NotFound."""
    account = await _locked(tx, scope, carrier_account_id)
    await tx.execute(
        "UPDATE carrier_accounts SET authorization_status = 'connected', updated_at = $4 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        account.id,
        now(),
    )


async def _locked(tx: Tx, scope: Scope, carrier_account_id: Id) -> CarrierAccount:
    row = await tx.fetchrow(f"{SELECT} AND id = $3 FOR UPDATE", scope.account_id, scope.mode, carrier_account_id)
    if row is None:
        raise NotFound
    return carrier_account(row)


def _values(account_id: Id, mode: Mode, account: CarrierAccount) -> tuple[object, ...]:
    """The values of _INSERT, in its order."""
    return (
        account_id,
        mode,
        account.id,
        account.carrier,
        account.account_id,
        account.parameters_sealed,
        list(account.parameter_names),
        account.active,
        account.is_test,
        account.is_shippo_account,
        account.metadata,
        account.authorization,
        account.created_at,
    )
