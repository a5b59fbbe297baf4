"""Changes to an account's parcel templates."""

from __future__ import annotations

from portside.db.tx import Tx
from portside.errors import BadRequest, NotFound
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.parcel_templates import queries
from portside.parcel_templates.models import StoredUserTemplate, UserTemplate, UserTemplateDraft
from portside.parcel_templates.rules import MOST_TEMPLATES, changed


async def create_user_template(tx: Tx, draft: UserTemplateDraft) -> StoredUserTemplate:
    """Write a template; gives it as stored. Raises BadRequest when the account has too many."""
    scope, moment = draft.scope, now()
    if await queries.count_user_templates(tx, scope) >= MOST_TEMPLATES:
        raise BadRequest(f"An account may have at most {MOST_TEMPLATES} parcel templates in each mode.")
    await tx.execute(
        "INSERT INTO user_parcel_templates (account_id, mode, id, details, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $5)",
        scope.account_id,
        scope.mode,
        draft.template.id,
        draft.template,
        moment,
    )
    return StoredUserTemplate(template=draft.template, created_at=moment, updated_at=moment)


async def update_user_template(tx: Tx, scope: Scope, template_id: Id, given: UserTemplate) -> StoredUserTemplate:
    """Change a template; gives it as it is now. Parcels that were made from it stay as they are. Raises NotFound."""
    row = await tx.fetchrow(f"{queries.SELECT} AND id = $3 FOR UPDATE", scope.account_id, scope.mode, template_id)
    if row is None:
        raise NotFound
    stored, moment = queries.user_template(row), now()
    template = changed(stored.template, given)
    await tx.execute(
        "UPDATE user_parcel_templates SET details = $4, updated_at = $5 "
        "WHERE account_id = $1 AND mode = $2 AND id = $3",
        scope.account_id,
        scope.mode,
        template_id,
        template,
        moment,
    )
    return StoredUserTemplate(template=template, created_at=stored.created_at, updated_at=moment)


async def delete_user_template(tx: Tx, scope: Scope, template_id: Id) -> None:
    """Forget a template; if it was the default at checkout there is none then. Raises NotFound."""
    deleted = await tx.fetchval(
        "DELETE FROM user_parcel_templates WHERE account_id = $1 AND mode = $2 AND id = $3 RETURNING id",
        scope.account_id,
        scope.mode,
        template_id,
    )
    if deleted is None:
        raise NotFound
