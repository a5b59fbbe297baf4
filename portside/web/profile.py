"""/app/settings/profile: one's own name, e-mail and password, and the accounts one works on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response

from portside.accounts import people, queries
from portside.accounts.models import User
from portside.db.begin import begin, reading
from portside.errors import BadRequest, Conflict, NotFound
from portside.kit.crypto import hash_token
from portside.kit.ids import as_id
from portside.kit.scope import Actor
from portside.oauth.actions import drop_interactions
from portside.people import actions, flows, rules
from portside.people.models import CodeRefusal
from portside.people.queries import find_email_change
from portside.web import session
from portside.web.answers import SIGN_IN, Flash, redirect
from portside.web.entry import is_throttled
from portside.web.open_mailbox import mailbox_url
from portside.web.page import page
from portside.web.visit import Shown, Visit

PATH = "/app/settings/profile"
VERIFY = PATH + "/verify"

_TOO_MANY = "Too many attempts. Wait 15 minutes and try again."
_NOT_YOURS = "This is not your password."
_REFUSED: Mapping[CodeRefusal, str] = {
    "wrong": "That is not the code. Use the one in the latest mail.",
    "over": "This code does not work any more. Ask for another.",
    "taken": "This e-mail has become somebody else's meanwhile.",
}


@page("GET", PATH)
async def show_profile(visit: Visit) -> Shown:
    """What is known of the person."""
    return await _page(visit)


@page("POST", PATH + "/name")
async def change_name(visit: Visit) -> Shown | Response[bytes]:
    """Be called something else."""
    name = visit.field("name", 300)
    trouble = rules.name_trouble(name, "Tell us your name.")
    if trouble:
        return await _page(visit, name=({"name": name}, {"name": trouble}))
    async with begin() as tx:
        await people.change_name(tx, visit.user.id, name)
    return redirect(PATH, Flash("success", "Your name was changed."))


@page("POST", PATH + "/password")
async def change_password(visit: Visit) -> Shown | Response[bytes]:
    """A new password, for who knows the old one; all other sessions end."""
    before, after = visit.form.get("password", ""), visit.form.get("new_password", "")
    trouble = rules.password_trouble(after, visit.user.email)
    if trouble:
        return await _page(visit, password=({}, {"new_password": trouble}))
    if await is_throttled(visit.request, "sign-in", visit.user.email):
        return await _page(visit, password=({}, {"password": _TOO_MANY}))
    session_hash = hash_token(visit.signed_in.token)
    if not await flows.change_password(visit.user, before, after, session_hash, visit.address):
        return await _page(visit, password=({}, {"password": _NOT_YOURS}))
    async with begin() as tx:
        await drop_interactions(tx, visit.user.id)
    return redirect(PATH, Flash("success", "Your password was changed. You are signed out everywhere else."))


@page("POST", PATH + "/email")
async def change_email(visit: Visit) -> Shown | Response[bytes]:
    """Ask for a code at a new e-mail, which counts once the code has come back."""
    email, password = visit.field("email", 300), visit.form.get("password", "")
    errors = {"email": rules.email_trouble(email)}
    if email == visit.user.email and visit.user.is_verified:
        errors = {"email": "This is your e-mail already."}
    if not errors["email"]:
        errors = {"email_password": await _password_trouble(visit, password)}
    if any(errors.values()):
        return await _page(visit, email=({"email": email}, errors))
    return await _send_code(visit, email)


@page("POST", VERIFY)
async def verify_email(visit: Visit) -> Shown | Response[bytes]:
    """Ask for a code at the e-mail that is there and was never verified."""
    return await _send_code(visit, visit.user.email)


@page("POST", PATH + "/email/again")
async def resend_code(visit: Visit) -> Shown | Response[bytes]:
    """Another mail, with another code."""
    if await is_throttled(visit.request, "resend", visit.user.id):
        return await _page(visit, code=({}, {"code": _TOO_MANY}))
    async with begin() as tx:
        renewed = await actions.renew_email_change(tx, visit.user.id)
    if not renewed:
        return redirect(PATH, Flash("error", "No further mail is sent for this e-mail. Ask for the change again."))
    return redirect(PATH, Flash("success", "Another mail is on its way. Only its code counts now."))


@page("POST", PATH + "/email/code")
async def finish_email_change(visit: Visit) -> Shown | Response[bytes]:
    """Let the new e-mail count."""
    if await is_throttled(visit.request, "code", visit.user.id):
        return await _page(visit, code=({}, {"code": _TOO_MANY}))
    done = await flows.finish_email_change(visit.user, visit.field("code", 40), visit.address)
    if isinstance(done, str):
        return await _page(visit, code=({}, {"code": _REFUSED[done]}))
    return redirect(PATH, Flash("success", f"{done.email} is your e-mail now."))


@page("POST", PATH + "/email/cancel")
async def cancel_email_change(visit: Visit) -> Response[bytes]:
    """Stay with the e-mail that is there."""
    async with begin() as tx:
        await actions.drop_email_change(tx, visit.user.id)
    return redirect(PATH, Flash("info", "Your e-mail stays as it is."))


@page("POST", PATH + "/leave")
async def leave_account(visit: Visit) -> Response[bytes]:
    """Work on an account no more."""
    account_id = as_id(visit.field("account"))
    if account_id is None:
        raise NotFound
    try:
        async with reading() as tx:
            scope = await queries.get_scope(tx, account_id, "test", Actor("user", visit.user.id))
        await flows.remove_member(scope, visit.user.id, address=visit.address)
    except Conflict as refusal:
        return redirect(PATH, Flash("error", refusal.message))
    left = account_id == visit.scope.account_id
    response = redirect(SIGN_IN if left else PATH, None if left else Flash("success", "You left that account."))
    if left:
        response.set_cookie(session.no_cookie(session.SESSION))
    return response


async def _send_code(visit: Visit, email: str) -> Shown | Response[bytes]:
    if await is_throttled(visit.request, "resend", visit.user.id):
        return await _page(visit, email=({"email": email}, {"email": _TOO_MANY}))
    async with begin() as tx:
        await actions.create_email_change(tx, visit.user.id, email)
    return redirect(PATH, Flash("success", f"We sent a code to {email}."))


async def _password_trouble(visit: Visit, password: str) -> str:
    if await is_throttled(visit.request, "sign-in", visit.user.email):
        return _TOO_MANY
    return "" if await flows.knows_password(visit.user, password) else _NOT_YOURS


_Given = tuple[Mapping[str, str], Mapping[str, str]]
_NOTHING: _Given = ({}, {})


async def _page(
    visit: Visit,
    *,
    name: _Given = _NOTHING,
    email: _Given = _NOTHING,
    password: _Given = _NOTHING,
    code: _Given = _NOTHING,
) -> Shown:
    async with reading() as tx:
        user = await queries.find_user(tx, visit.user.id)
        change = await find_email_change(tx, visit.user.id)
        accounts = await queries.list_memberships(tx, visit.user.id)
    if user is None:
        raise BadRequest("You are not known any more.")
    if change is None and code[1]:
        # There is nothing to type a code for any more, so it is said where one begins anew.
        email = ({}, {"email": code[1]["code"]})
    context = {
        "person": {"name": user.name, "email": user.email, "is_verified": user.is_verified},
        "change": None if change is None else {"email": change.email},
        "mailbox_url": mailbox_url(visit.request),
        "accounts": [
            {"id": each.account_id, "name": each.account_name, "role": each.role, "is_here": _is_here(visit, each)}
            for each in accounts
        ],
        "urls": _URLS,
        "shortest_password": rules.SHORTEST_PASSWORD,
        "name_form": _form({"name": user.name}, name),
        "email_form": _form({}, email),
        "password_form": _form({}, password),
        "code_form": _form({}, code),
    }
    wrong = any(given[1] for given in (name, email, password, code))
    return Shown(
        template="settings/profile.html",
        context=context,
        section="settings",
        child="profile",
        status=422 if wrong else 200,
    )


def _is_here(visit: Visit, each: Any) -> bool:
    return bool(each.account_id == visit.scope.account_id)


def _form(known: Mapping[str, str], given: _Given) -> Mapping[str, Any]:
    data, errors = given
    return {"data": {**known, **data}, "errors": {name: text for name, text in errors.items() if text}, "message": ""}


def verification_notice(user: User) -> Mapping[str, str] | None:
    """What pages say to who has to verify their e-mail first; None for who has."""
    return None if user.is_verified else {"email": user.email, "url": VERIFY}


_URLS = {
    "name": PATH + "/name",
    "password": PATH + "/password",
    "email": PATH + "/email",
    "verify": VERIFY,
    "code": PATH + "/email/code",
    "again": PATH + "/email/again",
    "cancel": PATH + "/email/cancel",
    "leave": PATH + "/leave",
}

routes = [
    show_profile,
    change_name,
    change_password,
    change_email,
    verify_email,
    resend_code,
    finish_email_change,
    cancel_email_change,
    leave_account,
]
