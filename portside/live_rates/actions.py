"""Changes to what a checkout falls back on."""

from __future__ import annotations

from portside.db.tx import Tx
from portside.errors import FieldErrors
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.live_rates.wire import NO_TEMPLATE
from portside.parcel_templates.models import StoredUserTemplate
from portside.parcel_templates.queries import find_user_template


async def choose_default_template(tx: Tx, scope: Scope, template_id: Id) -> StoredUserTemplate:
    """Take this parcel template when a request brings no parcel. Raises FieldErrors."""
    # The lock keeps it from being deleted before this is committed.
    await tx.execute(
        "SELECT FROM user_parcel_templates WHERE account_id = $1 AND mode = $2 AND id = $3 FOR KEY SHARE",
        scope.account_id,
        scope.mode,
        template_id,
    )
    template = await find_user_template(tx, scope, template_id)
    if template is None:
        raise FieldErrors({"object_id": [NO_TEMPLATE]})
    await tx.execute(
        "INSERT INTO live_rate_settings (account_id, mode, parcel_template_id, updated_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (account_id, mode) "
        "DO UPDATE SET parcel_template_id = excluded.parcel_template_id, updated_at = excluded.updated_at",
        scope.account_id,
        scope.mode,
        template_id,
        now(),
    )
    return template


async def clear_default_template(tx: Tx, scope: Scope) -> None:
    """Have no default parcel template; the template itself stays."""
    await tx.execute(
        "UPDATE live_rate_settings SET parcel_template_id = NULL, updated_at = $3 "
        "WHERE account_id = $1 AND mode = $2 AND parcel_template_id IS NOT NULL",
        scope.account_id,
        scope.mode,
        now(),
    )
