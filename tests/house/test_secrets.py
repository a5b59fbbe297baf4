"""Law 12: dump the database and look for every secret that was made; none may be there in clear."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from portside.accounts.actions import create_session
from portside.db.begin import begin
from portside.kit.ids import new_id
from portside.kit.services import services
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
    ring = services().settings.secret_keys
    made: dict[str, Any] = {
        "test token": alice.token,
        "live token": alice.live_token,
        "webhook secret": secret["secret"] if "secret" in secret else next(iter(secret.values())),
        "carrier parameter": own["parameters"]["password"],  # type: ignore[index]
        "password": password,
        "session": session,
        "key ring": ring.split(":", 1)[1],
    }
    text = dump(database)
    assert alice.email in text
    for name, value in made.items():
        for form in forms_of(str(value)):
            assert form not in text, f"the {name} is in the database in clear"


def forms_of(secret: str) -> list[str]:
    """The secret as text, as hex and as base64, which is how a dump would show it."""
    raw = secret.encode()
    forms = [secret, raw.hex(), base64.b64encode(raw).decode().rstrip("=")]
    if secret.startswith("whsec_"):
        forms.append(base64.b64decode(secret[6:] + "==").hex())
    return [form for form in forms if len(form) >= 12]
