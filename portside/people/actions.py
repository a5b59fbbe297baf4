"""Writing down what people ask for, and what they have proved."""

from __future__ import annotations

from portside.accounts.actions import create_account, create_account_of
from portside.carrier_accounts.actions import open_default_accounts
from portside.db.tx import Tx
from portside.errors import Conflict, NotFound
from portside.jobs.models import Job
from portside.jobs.queue import enqueue
from portside.kit.clock import now
from portside.kit.crypto import hash_token, new_token
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.people import rules
from portside.people.models import EmailChange, InvitationDraft, PendingSignUp, SignUp
from portside.people.queries import email_change_of, sign_up_of


async def open_account(
    tx: Tx, *, email: str, company: str, name: str, password_hash: str, is_verified: bool = True
) -> Id:
    """An account as everybody gets it: an owner who can sign in, and the default carrier accounts.

    Raises FieldErrors if the e-mail is taken. # unscoped: it makes the account.
    """
    account_id = await create_account(
        tx, email=email, company=company, name=name, password_hash=password_hash, is_verified=is_verified
    )
    await open_default_accounts(tx, account_id)
    return account_id


async def open_account_of(tx: Tx, user_id: Id, *, email: str, company: str, name: str) -> Id:
    """The same for a person who is there already. # unscoped: it makes the account."""
    account_id = await create_account_of(tx, user_id, email=email, company=company, name=name)
    await open_default_accounts(tx, account_id)
    return account_id


async def create_sign_up(tx: Tx, draft: SignUp, password_hash: str) -> str:
    """Remember who wants an account, and have a code sent; gives the handle for the form, of which only the hash is
    kept. # unscoped: there is no account yet.
    """
    handle, sign_up_id = new_token(""), new_id()
    await tx.execute(
        "INSERT INTO sign_ups (id, handle_hash, email, name, company, password_hash, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        sign_up_id,
        hash_token(handle),
        draft.email,
        draft.name,
        draft.company,
        password_hash,
        now(),
        now() + rules.CODE_LIFE,
    )
    await _send_code(tx, sign_up_id)
    return handle


async def renew_sign_up(tx: Tx, handle: str) -> bool:
    """Have another code sent, which replaces the one before; False when it is over. # unscoped: no account yet."""
    sign_up_id = await tx.fetchval(
        "UPDATE sign_ups SET sent = sent + 1, expires_at = $2 WHERE handle_hash = $1 AND finished_at IS NULL "
        "AND expires_at > now() AND sent < $3 RETURNING id",
        hash_token(handle),
        now() + rules.CODE_LIFE,
        rules.MOST_CODES,
    )
    if sign_up_id is not None:
        await _send_code(tx, Id(sign_up_id))
    return sign_up_id is not None


async def _send_code(tx: Tx, sign_up_id: Id) -> None:
    # In a job, so that the answer takes as long for an e-mail that is known.
    await enqueue(tx, Job(kind="people.send_code", payload={"sign_up": sign_up_id}, key=f"people.code {sign_up_id}"))


async def set_code(tx: Tx, sign_up_id: Id, mac: str) -> None:
    """From now on this code counts. # unscoped: there is no account yet."""
    await tx.execute("UPDATE sign_ups SET code_mac = $2 WHERE id = $1", sign_up_id, mac)


async def try_sign_up(tx: Tx, handle: str) -> PendingSignUp | None:
    """Count a try at the code and hold the sign-up until this transaction ends, so that many tries at once count as
    many; None when it is over. # unscoped: there is no account yet.
    """
    row = await tx.fetchrow(
        "UPDATE sign_ups SET tries = tries + 1 WHERE handle_hash = $1 AND finished_at IS NULL "
        "AND expires_at > now() AND tries < $2 RETURNING *",
        hash_token(handle),
        rules.MOST_TRIES,
    )
    return None if row is None else sign_up_of(row)


async def finish_sign_up(tx: Tx, sign_up_id: Id) -> None:
    """The code was right: it is done, and the password's hash is not needed here any more.

    # unscoped: there was no account.
    """
    await tx.execute(
        "UPDATE sign_ups SET finished_at = $2, password_hash = '', code_mac = NULL WHERE id = $1", sign_up_id, now()
    )


async def ask_reset(tx: Tx, email: str) -> None:
    """Have a link sent, if somebody has that e-mail. # unscoped: nobody is signed in."""
    await enqueue(tx, Job(kind="people.send_reset", payload={"email": email}))


async def create_reset(tx: Tx, user_id: Id) -> str:
    """A link's token, of which only the hash is kept. # unscoped: it belongs to a person."""
    token = new_token("")
    await tx.execute(
        "INSERT INTO password_resets (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        hash_token(token),
        user_id,
        now(),
        now() + rules.RESET_LIFE,
    )
    return token


async def use_reset(tx: Tx, token: str) -> Id | None:
    """Whose password may be set now; the link, and all others of that person, are used up.

    # unscoped: it belongs to a person.
    """
    user_id = await tx.fetchval(
        "DELETE FROM password_resets WHERE token_hash = $1 AND expires_at > now() RETURNING user_id",
        hash_token(token),
    )
    if user_id is None:
        return None
    await drop_requests(tx, Id(user_id))
    return Id(user_id)


async def drop_requests(tx: Tx, user_id: Id) -> None:
    """Whatever was asked for in a person's name is void. # unscoped: it belongs to a person."""
    await tx.execute("DELETE FROM password_resets WHERE user_id = $1", user_id)
    await tx.execute("DELETE FROM email_changes WHERE user_id = $1", user_id)


async def create_email_change(tx: Tx, user_id: Id, email: str) -> None:
    """Have a code sent to a new e-mail of a person's; it replaces the request before.

    # unscoped: it belongs to a person.
    """
    await tx.execute(
        "INSERT INTO email_changes (user_id, id, email, created_at, expires_at) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (user_id) DO UPDATE SET id = $2, email = $3, code_mac = NULL, tries = 0, sent = 1, "
        "created_at = $4, expires_at = $5",
        user_id,
        new_id(),
        email,
        now(),
        now() + rules.CODE_LIFE,
    )
    await _send_email_code(tx, user_id)


async def renew_email_change(tx: Tx, user_id: Id) -> bool:
    """Have another code sent; False when it is over. # unscoped: it belongs to a person."""
    renewed = await tx.fetchval(
        "UPDATE email_changes SET sent = sent + 1, expires_at = $2 "
        "WHERE user_id = $1 AND expires_at > now() AND sent < $3 RETURNING id",
        user_id,
        now() + rules.CODE_LIFE,
        rules.MOST_CODES,
    )
    if renewed is not None:
        await _send_email_code(tx, user_id)
    return renewed is not None


async def _send_email_code(tx: Tx, user_id: Id) -> None:
    await enqueue(tx, Job(kind="people.send_email_code", payload={"user": user_id}, key=f"people.code {user_id}"))


async def set_email_code(tx: Tx, change: EmailChange, mac: str) -> None:
    """From now on this code counts. # unscoped: it belongs to a person."""
    await tx.execute("UPDATE email_changes SET code_mac = $2 WHERE id = $1", change.id, mac)


async def try_email_change(tx: Tx, user_id: Id) -> EmailChange | None:
    """Count a try at the code; None when it is over. # unscoped: it belongs to a person."""
    row = await tx.fetchrow(
        "UPDATE email_changes SET tries = tries + 1 WHERE user_id = $1 AND expires_at > now() AND tries < $2 "
        "RETURNING *",
        user_id,
        rules.MOST_TRIES,
    )
    return None if row is None else email_change_of(row)


async def drop_email_change(tx: Tx, user_id: Id) -> None:
    """It is done, or not wanted any more. # unscoped: it belongs to a person."""
    await tx.execute("DELETE FROM email_changes WHERE user_id = $1", user_id)


async def create_invitation(tx: Tx, draft: InvitationDraft) -> Id:
    """Invite somebody, and have the mail sent. Raises Conflict if they are invited already, or too many are."""
    # The account is locked: many at once count as many.
    await tx.execute("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", draft.scope.account_id)
    waiting = await tx.fetchval(
        "SELECT count(*) FROM invitations WHERE account_id = $1 AND accepted_at IS NULL AND cancelled_at IS NULL",
        draft.scope.account_id,
    )
    if waiting >= rules.MOST_INVITATIONS:
        raise Conflict(f"{rules.MOST_INVITATIONS} invitations are open already. Cancel some first.")
    made = await tx.fetchval(
        "INSERT INTO invitations (id, account_id, email, email_folded, role, invited_by, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account_id, email_folded) "
        "WHERE accepted_at IS NULL AND cancelled_at IS NULL DO NOTHING RETURNING id",
        new_id(),
        draft.scope.account_id,
        draft.email,
        draft.email.casefold(),
        draft.role,
        draft.invited_by,
        now(),
        now() + rules.INVITATION_LIFE,
    )
    if made is None:
        raise Conflict("This person is invited already; you can send the invitation again.")
    await _send_invitation(tx, Id(made))
    return Id(made)


async def renew_invitation(tx: Tx, scope: Scope, invitation_id: Id) -> None:
    """Have it sent again, with a new link and its full time. Raises NotFound."""
    renewed = await tx.fetchval(
        "UPDATE invitations SET expires_at = $3 WHERE account_id = $1 AND id = $2 "
        "AND accepted_at IS NULL AND cancelled_at IS NULL RETURNING id",
        scope.account_id,
        invitation_id,
        now() + rules.INVITATION_LIFE,
    )
    if renewed is None:
        raise NotFound
    await _send_invitation(tx, invitation_id)


async def _send_invitation(tx: Tx, invitation_id: Id) -> None:
    job = Job(kind="people.send_invitation", payload={"invitation": invitation_id}, key=f"people.join {invitation_id}")
    await enqueue(tx, job)


async def set_invitation_token(tx: Tx, scope: Scope, invitation_id: Id) -> str:
    """The token of the link that counts from now on."""
    token = new_token("")
    await tx.execute(
        "UPDATE invitations SET token_hash = $3 WHERE account_id = $1 AND id = $2",
        scope.account_id,
        invitation_id,
        hash_token(token),
    )
    return token


async def cancel_invitation(tx: Tx, scope: Scope, invitation_id: Id) -> None:
    """Its link works no more. Raises NotFound."""
    done = await tx.fetchval(
        "UPDATE invitations SET cancelled_at = $3 WHERE account_id = $1 AND id = $2 "
        "AND accepted_at IS NULL AND cancelled_at IS NULL RETURNING id",
        scope.account_id,
        invitation_id,
        now(),
    )
    if done is None:
        raise NotFound


async def cancel_invitations_of(tx: Tx, scope: Scope, user_id: Id) -> None:
    """What a person sent who decides here no more: or they could have let themselves in by another address."""
    await tx.execute(
        "UPDATE invitations SET cancelled_at = $3 WHERE account_id = $1 AND invited_by = $2 "
        "AND accepted_at IS NULL AND cancelled_at IS NULL",
        scope.account_id,
        user_id,
        now(),
    )


async def use_invitation(tx: Tx, token: str) -> bool:
    """Whether the link was good, which it is once. # unscoped: the link's holder is no member yet."""
    used = await tx.fetchval(
        "UPDATE invitations SET accepted_at = $2 WHERE token_hash = $1 AND accepted_at IS NULL "
        "AND cancelled_at IS NULL AND expires_at > now() RETURNING id",
        hash_token(token),
        now(),
    )
    return used is not None


async def note_refusals(tx: Tx, email: str, address: str) -> None:
    """Have it written down that the door was closed for an e-mail, in the logs of the accounts it may have.

    # unscoped: nobody is signed in.
    """
    await enqueue(tx, Job(kind="people.note_refusals", payload={"email": email, "address": address}))


async def forget_requests(tx: Tx) -> None:
    """Remove what has not been finished in time. # unscoped: time passes for all alike."""
    for table in ("sign_ups", "password_resets", "email_changes"):
        await tx.execute(f"DELETE FROM {table} WHERE expires_at < now()")
