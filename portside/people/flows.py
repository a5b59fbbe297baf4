"""Sign-up, password reset, new e-mails and invitations: what happens between a form and its answer, and in the mails.

Nothing here tells whether an e-mail is known: the mails are written by jobs, after the answer.
"""

from __future__ import annotations

from typing import Any

from portside.accounts import actions as accounts
from portside.accounts import people
from portside.accounts import queries as account_queries
from portside.accounts.models import Role, User
from portside.audit.actions import note
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import FieldErrors
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Actor, Scope
from portside.kit.services import services
from portside.notifications.actions import create_system_mail
from portside.notifications.models import SystemMailDraft, SystemMailName
from portside.notifications.render import render
from portside.people import actions, queries, rules
from portside.people.models import CodeRefusal, EmailChange, Joined, JoinRefusal, PendingSignUp, SignUp


async def begin_sign_up(given: SignUp) -> str:
    """Have a code sent to who wants an account; gives the handle that the form carries to `finish_sign_up`.

    The same for an e-mail that has an account: only the mail says so. Raises Overloaded.
    """
    password_hash = await services().passwords.hash(given.password)
    async with begin() as tx:
        return await actions.create_sign_up(tx, given, password_hash)


async def resend_code(handle: str) -> bool:
    """Send another code, which replaces the one before; False when the sign-up is over or has had its codes."""
    async with begin() as tx:
        return await actions.renew_sign_up(tx, handle)


async def finish_sign_up(handle: str, code: str, address: str = "") -> tuple[User, Id] | CodeRefusal:
    """Make the account of a sign-up whose code came back, once; gives the person and the account, or why not.

    `address` is where the request came from, for the audit log.
    """
    try:
        async with begin() as tx:
            return await _finish_sign_up(tx, handle, code, address)
    except FieldErrors:
        # Another sign-up with this e-mail was quicker, and this one was rolled back.
        return "taken"


async def _finish_sign_up(tx: Tx, handle: str, code: str, address: str) -> tuple[User, Id] | CodeRefusal:
    wanted = await actions.try_sign_up(tx, handle)
    if wanted is None:
        return "over"
    if not rules.is_code(services().keys, wanted.id, code, wanted.code_mac):
        return "wrong" if wanted.tries < rules.MOST_TRIES else "over"
    await actions.finish_sign_up(tx, wanted.id)
    account_id = await _account_for(tx, wanted)
    user = await account_queries.find_user_by_email(tx, wanted.email)
    if account_id is None or user is None:
        return "taken"
    scope = await account_queries.get_scope(tx, account_id, "test", Actor("user", user.id))
    await note(tx, scope, "sign_up", user.email, address=address)
    return user, account_id


async def _account_for(tx: Tx, wanted: PendingSignUp) -> Id | None:
    """The new account; None if the e-mail has one. Somebody who was on a team once and is on none now begins anew."""
    user = await account_queries.find_user_by_email(tx, wanted.email)
    email, company, name = wanted.email, wanted.company, wanted.name
    if user is None:
        return await actions.open_account(
            tx, email=email, company=company, name=name, password_hash=wanted.password_hash
        )
    await people.hold(tx, user.id)
    if await account_queries.list_memberships(tx, user.id):
        return None
    await people.change_password(tx, user.id, wanted.password_hash)
    await people.mark_email_verified(tx, user.id)
    return await actions.open_account_of(tx, user.id, email=email, company=company, name=name)


async def send_code(sign_up_id: Id) -> None:
    """Write the mail of a sign-up: its code, or that there is an account already."""
    async with begin() as tx:
        wanted = await queries.get_sign_up(tx, sign_up_id)
        user = await account_queries.find_user_by_email(tx, wanted.email)
        if user is not None and await account_queries.list_memberships(tx, user.id):
            await _mail(tx, "sign_up_known", wanted.email, rules.CODE_LIFE, sign_in_url=_url("/sign-in"))
            return
        code = rules.new_code()
        await actions.set_code(tx, wanted.id, rules.code_mac(services().keys, wanted.id, code))
        await _mail(tx, "sign_up_code", wanted.email, rules.CODE_LIFE, digits=code)


async def send_reset(email: str) -> None:
    """Write the mail with the link to a new password, if somebody has that e-mail."""
    async with begin() as tx:
        user = await account_queries.find_user_by_email(tx, email)
        if user is None:
            return
        token = await actions.create_reset(tx, user.id)
        link = _url(f"/reset-password?token={token}")
        await _mail(tx, "password_reset", user.email, rules.RESET_LIFE, link=link)


async def reset_password(token: str, password: str, address: str = "") -> User | None:
    """Set a password by a link, once; ends all sessions. None if the link is no good (any more). Raises Overloaded."""
    password_hash = await services().passwords.hash(password)
    async with begin() as tx:
        user_id = await actions.use_reset(tx, token)
        user = None if user_id is None else await account_queries.find_user(tx, user_id)
        if user is None:
            return None
        await people.change_password(tx, user.id, password_hash)
        # The link came by mail.
        await people.mark_email_verified(tx, user.id)
        await _note_everywhere(tx, user, "password.reset", address)
        await _tell_of_password(tx, user)
    return user


async def change_password(user: User, before: str, after: str, session_hash: bytes, address: str = "") -> bool:
    """Replace the password of who knows the one before, and end their other sessions; False if they do not.

    Raises Overloaded.
    """
    if not await knows_password(user, before):
        return False
    password_hash = await services().passwords.hash(after)
    async with begin() as tx:
        await people.change_password(tx, user.id, password_hash, kept=session_hash)
        await actions.drop_requests(tx, user.id)
        await _note_everywhere(tx, user, "password.changed", address)
        await _tell_of_password(tx, user)
    return True


async def knows_password(user: User, password: str) -> bool:
    """Whether that is the person's password. Raises Overloaded."""
    async with reading() as tx:
        stored = await account_queries.find_password_hash(tx, user.id)
    return await services().passwords.verify(stored, password)


async def send_email_code(user_id: Id) -> None:
    """Write the mail to an e-mail that a person has yet to prove: its code, or that it is somebody else's."""
    async with begin() as tx:
        change = await queries.find_email_change(tx, user_id)
        if change is None:
            return
        holder = await account_queries.find_user_by_email(tx, change.email)
        if holder is not None and holder.id != user_id:
            await _mail(tx, "email_known", change.email, rules.CODE_LIFE)
            return
        code = rules.new_code()
        await actions.set_email_code(tx, change, rules.code_mac(services().keys, change.id, code))
        await _mail(tx, "email_code", change.email, rules.CODE_LIFE, digits=code)


async def finish_email_change(user: User, code: str, address: str = "") -> EmailChange | CodeRefusal:
    """Let a new e-mail count, whose code came back; gives it, or why not."""
    async with begin() as tx:
        change = await actions.try_email_change(tx, user.id)
        right = change is not None and rules.is_code(services().keys, change.id, code, change.code_mac)
        if change is not None and not right and change.tries < rules.MOST_TRIES:
            return "wrong"
        await actions.drop_email_change(tx, user.id)
        if change is None or not right:
            return "over"
        try:
            await people.change_email(tx, user.id, change.email)
        except FieldErrors:
            return "taken"
        if change.email == user.email:
            await _note_everywhere(tx, user, "email.verified", address)
        else:
            # Links to a new password went to the e-mail before, which may be somebody else's by now.
            await actions.drop_requests(tx, user.id)
            await _note_everywhere(tx, user, "email.changed", address, {"to": change.email})
            await _mail(tx, "email_changed", user.email, rules.NEWS_LIFE, moment=now(), email=change.email)
    return change


async def send_invitation(invitation_id: Id) -> None:
    """Write the mail of an invitation, with a new link."""
    async with begin() as tx:
        invitation = await queries.find_invitation_by_id(tx, invitation_id)
        if invitation is None:
            return
        scope = await account_queries.get_scope(tx, invitation.account_id, "test")
        token = await actions.set_invitation_token(tx, scope, invitation.id)
        await _mail(
            tx,
            "invitation",
            invitation.email,
            rules.INVITATION_LIFE,
            inviter=invitation.inviter,
            account_name=invitation.account_name,
            role_words="an owner" if invitation.role == "owner" else "a member",
            days=rules.INVITATION_LIFE.days,
            link=_url(f"/join?token={token}"),
        )


async def join(token: str, user: User, address: str = "") -> Joined | JoinRefusal:
    """Accept an invitation as who is there already and has just proved to be them. It must be theirs."""
    async with begin() as tx:
        invitation = await queries.find_invitation(tx, token)
        if invitation is None or invitation.email.casefold() != user.email.casefold():
            return "over"
        return await _join(tx, token, user, address)


async def join_anew(token: str, name: str, password: str, address: str = "") -> Joined | JoinRefusal:
    """Accept an invitation as a new person, whose e-mail the link has proved. Raises Overloaded."""
    password_hash = await services().passwords.hash(password)
    try:
        async with begin() as tx:
            invitation = await queries.find_invitation(tx, token)
            if invitation is None:
                return "over"
            user_id = new_id()
            await accounts.create_user(
                tx, user_id=user_id, email=invitation.email, name=name, password_hash=password_hash
            )
            user = await account_queries.find_user(tx, user_id)
            assert user is not None
            return await _join(tx, token, user, address)
    except FieldErrors:
        return "taken"


async def _join(tx: Tx, token: str, user: User, address: str) -> Joined | JoinRefusal:
    invitation = await queries.find_invitation(tx, token)
    if invitation is None or not await actions.use_invitation(tx, token):
        return "over"
    await accounts.add_member(tx, invitation.account_id, user.id, invitation.role)
    await people.mark_email_verified(tx, user.id)
    scope = await account_queries.get_scope(tx, invitation.account_id, "test", Actor("user", user.id))
    await note(tx, scope, "member.joined", user.email, {"role": invitation.role}, address)
    return Joined(user=user, account_id=invitation.account_id, account_name=invitation.account_name)


async def remove_member(scope: Scope, user_id: Id, *, with_tokens: bool = False, address: str = "") -> User:
    """Take a person off the account, at once, with the invitations they sent; with the API tokens they made, if wished.

    Raises NotFound, Conflict.
    """
    async with begin() as tx:
        await people.remove_member(tx, scope, user_id)
        await actions.cancel_invitations_of(tx, scope, user_id)
        user = await account_queries.find_user(tx, user_id)
        assert user is not None
        revoked = await people.revoke_tokens_of(tx, scope, user_id) if with_tokens else 0
        details = {"tokens_revoked": revoked} if revoked else {}
        if scope.actor == Actor("user", user_id):
            details["left"] = True
        await note(tx, scope, "member.removed", user.email, details, address)
    return user


async def change_role(scope: Scope, user_id: Id, role: Role, address: str = "") -> None:
    """Make a member an owner, or the reverse: then the invitations they sent are void. Raises NotFound, Conflict."""
    async with begin() as tx:
        await people.change_role(tx, scope, user_id, role)
        if role != "owner":
            await actions.cancel_invitations_of(tx, scope, user_id)
        user = await account_queries.find_user(tx, user_id)
        assert user is not None
        await note(tx, scope, "member.role_changed", user.email, {"role": role}, address)


async def note_refusals(email: str, address: str) -> None:
    """Write down, in the logs of the accounts of whoever has that e-mail, that too many sign-ins were tried."""
    async with begin() as tx:
        user = await account_queries.find_user_by_email(tx, email)
        if user is not None:
            await _note_everywhere(tx, user, "sign_in.refused", address, actor=Actor("system", "door"))


async def _note_everywhere(
    tx: Tx, user: User, action: str, address: str, details: dict[str, Any] | None = None, actor: Actor | None = None
) -> None:
    """What concerns a person is told in every account that they work on."""
    for each in await account_queries.list_memberships(tx, user.id):
        scope = await account_queries.get_scope(tx, each.account_id, "test", actor or Actor("user", user.id))
        await note(tx, scope, action, user.email, details, address)


async def _tell_of_password(tx: Tx, user: User) -> None:
    await _mail(tx, "password_changed", user.email, rules.NEWS_LIFE, moment=now())


async def _mail(tx: Tx, name: SystemMailName, recipient: str, life: Any, **context: Any) -> None:
    common = {
        "test": False,
        "public_url": services().public_url,
        "minutes": int(rules.CODE_LIFE.total_seconds()) // 60,
        "forgot_url": _url("/forgot-password"),
        "profile_url": _url("/app/settings/profile"),
    }
    text = render(name, {**common, **context})
    draft = SystemMailDraft(name=name, recipient=recipient, text=text, expires_at=now() + life)
    await create_system_mail(tx, draft, services().keys)


def _url(path: str) -> str:
    return services().public_url + path
