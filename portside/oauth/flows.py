"""Who calls the token endpoints: an app that knows its secret, or somebody who guesses."""

from __future__ import annotations

import datetime as dt
import hashlib

import structlog

from portside.accounts.actions import note_attempt
from portside.accounts.queries import count_attempts
from portside.apps.models import App
from portside.apps.queries import find_app_of_secret
from portside.db.begin import begin, reading
from portside.kit.clock import now
from portside.oauth.rules import OAuthError
from portside.oauth.wire import Credentials

_log = structlog.get_logger(__name__)

# Wrong secrets in any quarter of an hour, counted for all processes together. An app's own servers have addresses of
# their own, so nobody else's guesses lock it out.
WINDOW = dt.timedelta(minutes=15)
MOST_FAILURES = 30
MOST_FAILURES_OF_ADDRESS = 200


class Throttled(OAuthError):
    """429: too many wrong secrets; RFC 6749 has no word for it at this endpoint, and borrows one from another."""

    def __init__(self) -> None:
        super().__init__("temporarily_unavailable", "Too many attempts with a wrong secret. Wait.", status=429)


async def client_of(given: Credentials, address: str) -> App:
    """The app with these credentials. Raises OAuthError."""
    names = _counters(given.client_id, address)
    since = now() - WINDOW
    async with reading() as tx:
        failures = [await count_attempts(tx, name, since) for name in names]
        if failures[0] >= MOST_FAILURES or failures[1] >= MOST_FAILURES_OF_ADDRESS:
            _log.warning("oauth_client_throttled", address=address)
            raise Throttled
        app = await find_app_of_secret(tx, given.client_id, given.client_secret)
    if app is None:
        async with begin() as tx:
            for name in names:
                await note_attempt(tx, name, now().replace(second=0, microsecond=0))
        _log.warning("oauth_client_refused", address=address)
        raise OAuthError("invalid_client", "There is no such client, or the secret is wrong.", status=401)
    return app


def _counters(client_id: str, address: str) -> tuple[str, str]:
    """Hashed, because an id is whatever somebody sends, and sometimes a secret."""
    client = hashlib.sha256(client_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"oauth client {client} {address}", f"oauth address {address}"
