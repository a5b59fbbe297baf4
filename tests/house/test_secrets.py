"""Law 12: dump the database and look for every secret that was made; none may be there in clear."""

from __future__ import annotations

import base64
import re
from typing import Any

import httpx

from portside.accounts.actions import create_session
from portside.db.begin import begin, reading
from portside.jobs.drain import drain
from portside.kit.ids import Id, new_id
from portside.kit.paging import PageRequest
from portside.kit.services import services
from portside.notifications.queries import list_kept_mails
from portside.people import flows
from portside.people.actions import ask_reset, create_invitation
from portside.people.models import InvitationDraft, SignUp
from tests.support.cast import Person
from tests.support.database import dump
from tests.support.objects import make_objects, post


async def test_no_secret_is_in_the_database(api: httpx.AsyncClient, alice: Person, database: str) -> None:
    ids = await make_objects(api)
    secret = (await api.get(f"/webhooks/{ids['webhook_id']}/secret")).json()
    own = {"carrier": "ups", "account_id": "A1", "parameters": {"password": f"carrier-{new_id()}"}}
    await post(api, "/carrier_accounts", own)
    password = f"password-{new_id()}"
    password_hash = await services().passwords.hash(password)
    async with begin() as tx:
        user = await tx.fetchval("SELECT user_id FROM members WHERE account_id = $1", alice.account_id)
        await tx.execute("UPDATE users SET password_hash = $2 WHERE id = $1", user, password_hash)
        session = await create_session(tx, user, alice.account_id, "test", 1)
    links = await secrets_of_people(alice, user)
    ring = services().settings.secret_keys
    made: dict[str, Any] = {
        "test token": alice.token,
        "live token": alice.live_token,
        "webhook secret": secret["secret"] if "secret" in secret else next(iter(secret.values())),
        "carrier parameter": own["parameters"]["password"],  # type: ignore[index]
        "password": password,
        "session": session,
        "key ring": ring.split(":", 1)[1],
        **links,
    }
    text = dump(database)
    assert alice.email in text
    for name, value in made.items():
        for form in forms_of(str(value)):
            assert form not in text, f"the {name} is in the database in clear"


async def secrets_of_people(person: Person, user_id: Id) -> dict[str, str]:
    """A sign-up, a reset and an invitation under way, and what their mails say."""
    password = f"password-{new_id()}"
    handle = await flows.begin_sign_up(
        SignUp(email=f"dora-{new_id()[-12:]}@example.com", name="Dora", company="Dora Ltd", password=password)
    )
    invitation = InvitationDraft(
        scope=person.scope, email=f"bob-{new_id()[-12:]}@example.com", role="member", invited_by=user_id
    )
    async with begin() as tx:
        await ask_reset(tx, person.email)
        await create_invitation(tx, invitation)
    await drain()
    async with reading() as tx:
        mails = (await list_kept_mails(tx, services().keys, PageRequest(size=3))).rows
    texts = " ".join(mail.text.text for mail in mails if mail.text)
    tokens = re.findall(r"token=([0-9a-f]{40})", texts)
    assert len(tokens) == 2 and "Your code: " in texts
    return {
        "handle": handle,
        "new password": password,
        "reset link": tokens[0],
        "invitation link": tokens[1],
        "mail with a code": "is your code for Portside",
    }


def forms_of(secret: str) -> list[str]:
    """The secret as text, as hex and as base64, which is how a dump would show it."""
    raw = secret.encode()
    forms = [secret, raw.hex(), base64.b64encode(raw).decode().rstrip("=")]
    if secret.startswith("whsec_"):
        forms.append(base64.b64decode(secret[6:] + "==").hex())
    return [form for form in forms if len(form) >= 12]
