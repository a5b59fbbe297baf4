"""Changes of branding, told in the audit log."""

from __future__ import annotations

from portside.audit.actions import note
from portside.branding.models import OwnBranding
from portside.branding.queries import get_own
from portside.branding.rules import wrong_fields
from portside.db.tx import Tx
from portside.errors import FieldErrors
from portside.kit.clock import now
from portside.kit.scope import Scope

CHANGED = "branding.changed"

_SAVE = (
    "INSERT INTO account_branding (account_id, name, color, support_email, tracking_page, updated_at) "
    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id) DO UPDATE SET name = $2, color = $3, "
    "support_email = $4, tracking_page = $5, updated_at = $6"
)
_SET_LOGO = (
    "INSERT INTO account_branding (account_id, logo_key, updated_at) VALUES ($1, $2, $3) "
    "ON CONFLICT (account_id) DO UPDATE SET logo_key = $2, updated_at = $3"
)


async def save_branding(tx: Tx, scope: Scope, given: OwnBranding, *, address: str = "") -> None:
    """Save everything but the logo. Raises FieldErrors."""
    wrong = wrong_fields(given.name, given.color, given.support_email)
    if wrong:
        raise FieldErrors(wrong)
    before = await get_own(tx, scope)
    fields = ("name", "color", "support_email", "tracking_page")
    changed = {name: getattr(given, name) for name in fields if getattr(given, name) != getattr(before, name)}
    if changed:
        await tx.execute(_SAVE, scope.account_id, *(getattr(given, name) for name in fields), now())
        await note(tx, scope, CHANGED, given.name, changed, address)


async def set_logo(tx: Tx, scope: Scope, logo_key: str | None, *, address: str = "") -> None:
    """Show that stored picture; None takes it away."""
    await tx.execute(_SET_LOGO, scope.account_id, logo_key, now())
    await note(tx, scope, CHANGED, "", {"logo": logo_key is not None}, address)
