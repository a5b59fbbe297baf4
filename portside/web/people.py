"""/app/settings/people: who works on the account, and who is invited to. For owners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response

from portside.accounts import queries
from portside.accounts.models import Member, Role
from portside.audit.actions import note
from portside.db.begin import begin, reading
from portside.errors import BadRequest, Conflict
from portside.kit.clock import now
from portside.people import actions, flows, rules
from portside.people.models import Invitation, InvitationDraft
from portside.people.queries import get_invitation, list_invitations
from portside.rest.caller import forget_tokens
from portside.web import session
from portside.web.answers import SIGN_IN, Flash, redirect
from portside.web.entry import is_throttled
from portside.web.open_mailbox import mailbox_url
from portside.web.page import page
from portside.web.profile import verification_notice
from portside.web.visit import Shown, Visit

PATH = "/app/settings/people"
INVITATIONS = PATH + "/invitations"

_TOO_MANY = "Too many invitations within an hour. Wait a while and try again."
_ROLES: Mapping[Role, str] = {"owner": "Owner", "member": "Member"}


@page("GET", PATH)
async def list_people(visit: Visit) -> Shown:
    """The team and the open invitations."""
    return await _page(visit)


@page("POST", INVITATIONS)
async def invite(visit: Visit) -> Shown | Response[bytes]:
    """Have an invitation sent."""
    visit.check_owner()
    email, role = visit.field("email", 300), _role(visit)
    data = {"email": email, "role": role}
    if not visit.user.is_verified:
        return await _page(visit, data, {"email": "Verify your own e-mail first: see above."})
    trouble = rules.email_trouble(email)
    if trouble:
        return await _page(visit, data, {"email": trouble})
    if await is_throttled(visit.request, "invite", visit.scope.account_id):
        return await _page(visit, data, {"email": _TOO_MANY})
    try:
        async with begin() as tx:
            if any(
                each.user.email.casefold() == email.casefold() for each in await queries.list_members(tx, visit.scope)
            ):
                raise Conflict("This person is on the team already.")
            draft = InvitationDraft(scope=visit.scope, email=email, role=role, invited_by=visit.user.id)
            await actions.create_invitation(tx, draft)
            await note(tx, visit.scope, "member.invited", email, {"role": role}, visit.address)
    except Conflict as refusal:
        return await _page(visit, data, {"email": refusal.message})
    return redirect(PATH, Flash("success", f"An invitation to {email} is on its way."))


@page("POST", INVITATIONS + "/{invitation_id}/resend")
async def resend_invitation(visit: Visit) -> Response[bytes]:
    """Send it again, with a new link."""
    visit.check_owner()
    if await is_throttled(visit.request, "invite", visit.scope.account_id):
        return redirect(PATH, Flash("error", _TOO_MANY))
    async with begin() as tx:
        invitation = await get_invitation(tx, visit.scope, visit.id("invitation_id"))
        await actions.renew_invitation(tx, visit.scope, invitation.id)
        await note(tx, visit.scope, "member.invited", invitation.email, {"again": True}, visit.address)
    return redirect(PATH, Flash("success", "It is sent again, with a new link. The one before works no more."))


@page("POST", INVITATIONS + "/{invitation_id}/cancel")
async def cancel_invitation(visit: Visit) -> Response[bytes]:
    """Take it back."""
    visit.check_owner()
    async with begin() as tx:
        invitation = await get_invitation(tx, visit.scope, visit.id("invitation_id"))
        await actions.cancel_invitation(tx, visit.scope, invitation.id)
        await note(tx, visit.scope, "member.invitation_cancelled", invitation.email, address=visit.address)
    return redirect(PATH, Flash("success", "The invitation was cancelled. Its link works no more."))


@page("POST", PATH + "/{user_id}/role")
async def change_role(visit: Visit) -> Response[bytes]:
    """Make somebody an owner, or a member."""
    visit.check_owner()
    role, user_id = _role(visit), visit.id("user_id")
    try:
        await flows.change_role(visit.scope, user_id, role, visit.address)
    except Conflict as refusal:
        return redirect(PATH, Flash("error", refusal.message))
    # Who made themselves a member sees this page no more.
    kept = role == "owner" or user_id != visit.user.id
    return redirect(PATH if kept else "/app/orders", Flash("success", "The role was changed."))


@page("POST", PATH + "/{user_id}/remove")
async def remove_person(visit: Visit) -> Response[bytes]:
    """Take somebody off the team, at once."""
    visit.check_owner()
    user_id = visit.id("user_id")
    try:
        user = await flows.remove_member(
            visit.scope, user_id, with_tokens=bool(visit.field("tokens")), address=visit.address
        )
    except Conflict as refusal:
        return redirect(PATH, Flash("error", refusal.message))
    forget_tokens()
    if user_id == visit.user.id:
        response = redirect(SIGN_IN)
        response.set_cookie(session.no_cookie(session.SESSION))
        return response
    return redirect(PATH, Flash("success", f"{user.name or user.email} was removed and is signed out here."))


async def _page(visit: Visit, data: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None) -> Shown:
    visit.check_owner()
    async with reading() as tx:
        members = await queries.list_members(tx, visit.scope)
        invitations = await list_invitations(tx, visit.scope)
    owners = sum(each.role == "owner" for each in members)
    context = {
        "members": [_member(visit, each, owners) for each in members],
        "invitations": [_invitation(each) for each in invitations],
        "roles": [{"value": value, "label": label} for value, label in _ROLES.items()],
        "invite_url": INVITATIONS,
        "verification": verification_notice(visit.user),
        "mailbox_url": mailbox_url(visit.request),
        "form": {"data": {"role": "member", **(data or {})}, "errors": errors or {}, "message": ""},
        "open_form": bool(errors),
    }
    return Shown(
        template="settings/people.html",
        context=context,
        section="settings",
        child="people",
        status=422 if errors else 200,
    )


def _member(visit: Visit, member: Member, owners: int) -> Mapping[str, Any]:
    is_last = member.role == "owner" and owners == 1
    return {
        "id": member.user.id,
        "name": member.user.name or member.user.email,
        "email": member.user.email,
        "role": member.role,
        "role_name": _ROLES[member.role],
        "other_role": "member" if member.role == "owner" else "owner",
        "since": member.since,
        "tokens": member.tokens,
        "is_self": member.user.id == visit.user.id,
        # The last owner stays one.
        "can_change": not is_last,
        "role_url": f"{PATH}/{member.user.id}/role",
        "remove_url": f"{PATH}/{member.user.id}/remove",
    }


def _invitation(invitation: Invitation) -> Mapping[str, Any]:
    return {
        "email": invitation.email,
        "role_name": _ROLES[invitation.role],
        "inviter": invitation.inviter,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
        "is_over": invitation.expires_at <= now(),
        "resend_url": f"{INVITATIONS}/{invitation.id}/resend",
        "cancel_url": f"{INVITATIONS}/{invitation.id}/cancel",
    }


def _role(visit: Visit) -> Role:
    given = visit.field("role")
    if given == "owner":
        return "owner"
    if given == "member":
        return "member"
    raise BadRequest("The role is owner or member.")


routes = [list_people, invite, resend_invitation, cancel_invitation, change_role, remove_person]
