"""Reads for a checkout: the default parcel template, the usual sender, and all that a request refers to."""

from __future__ import annotations

import msgspec

from portside.accounts.queries import get_settings
from portside.addresses.models import Address
from portside.addresses.queries import find_addresses
from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.queries import list_active
from portside.db.tx import Tx
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.live_rates.models import Setup, Wanted
from portside.parcel_templates.models import StoredUserTemplate
from portside.parcel_templates.queries import find_user_template
from portside.service_groups.models import ServiceGroup
from portside.service_groups.queries import list_service_groups
from portside.terms.queries import find_terms

# The account's setting that holds its own address.
_SENDER = "sender"
# How many orders are looked through for one that says where it is shipped from.
_RECENT_ORDERS = 100


async def find_setup(tx: Tx, scope: Scope, wanted: Wanted) -> Setup:
    """All that a request's rates depend on."""
    groups = await list_service_groups(tx, scope, only_active=True)
    addresses = await find_addresses(tx, scope, wanted.addresses) if wanted.addresses else {}
    template = await _template(tx, scope, wanted)
    return Setup(
        groups=tuple(groups),
        accounts=await _accounts(tx, scope, groups),
        addresses={address_id: stored.address for address_id, stored in addresses.items()},
        template=None if template is None else template.template,
        sender=await find_usual_sender(tx, scope) if wanted.needs_sender else None,
        terms=await find_terms(tx, scope),
    )


async def _template(tx: Tx, scope: Scope, wanted: Wanted) -> StoredUserTemplate | None:
    if wanted.template is not None:
        return await find_user_template(tx, scope, wanted.template)
    return await find_default_template(tx, scope) if wanted.needs_template else None


async def _accounts(tx: Tx, scope: Scope, groups: list[ServiceGroup]) -> tuple[CarrierAccount, ...]:
    """The active ones that some group wants a price of."""
    ids = {
        level.carrier_account_id
        for group in groups
        if group.details.type == "LIVE_RATE"
        for level in group.service_levels
    }
    return tuple(await list_active(tx, scope, list(ids))) if ids else ()


async def find_default_template(tx: Tx, scope: Scope) -> StoredUserTemplate | None:
    """The parcel template that is taken when a request brings no parcel."""
    template_id = await tx.fetchval(
        "SELECT parcel_template_id FROM live_rate_settings WHERE account_id = $1 AND mode = $2",
        scope.account_id,
        scope.mode,
    )
    return None if template_id is None else await find_user_template(tx, scope, Id(template_id))


async def find_usual_sender(tx: Tx, scope: Scope) -> Address | None:
    """Where the account ships from: the address in its settings, else the sender of its newest shipment, else of its
    newest order that names one."""
    chosen = (await get_settings(tx, scope)).get(_SENDER)
    if chosen is not None:
        return msgspec.convert(chosen, Address)
    row = await tx.fetchrow(
        "SELECT details -> 'address_from' AS sender FROM shipments "
        "WHERE account_id = $1 AND mode = $2 ORDER BY id DESC LIMIT 1",
        scope.account_id,
        scope.mode,
    )
    if row is None:
        row = await tx.fetchrow(
            "SELECT sender FROM (SELECT id, details -> 'from_address' AS sender FROM orders "
            "WHERE account_id = $1 AND mode = $2 ORDER BY id DESC LIMIT $3) AS recent "
            "WHERE jsonb_typeof(sender) = 'object' ORDER BY id DESC LIMIT 1",
            scope.account_id,
            scope.mode,
            _RECENT_ORDERS,
        )
    return None if row is None else msgspec.convert(row["sender"], Address)
