"""Who is there: passwords of merchants, sessions, links that sign a buyer in, and a limit on guessing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Literal

from storefront.database import Connection, now, one

Kind = Literal["merchant", "buyer", "order", "magic link"]
LASTS: dict[Kind, dict[str, float]] = {
    "merchant": {"hours": 12},
    "buyer": {"days": 7},
    "order": {"days": 7},
    "magic link": {"minutes": 15},
}
MOST_ATTEMPTS = 8


def hash_password(password: str) -> str:
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_scrypt(password, salt).hex()}"


def is_password(password: str, stored: str) -> bool:
    salt, _, expected = stored.partition("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt)).hex(), expected)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


def begin(db: Connection, kind: Kind, who: str) -> str:
    """A new session; gives the value of its cookie, of which only a hash is kept."""
    token = secrets.token_urlsafe(32)
    db.execute("DELETE FROM sessions WHERE expires_at < ?", (now(),))
    db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (digest(token), kind, who, now(**LASTS[kind])))
    return token


def find(db: Connection, kind: Kind, token: str) -> str | None:
    """Whose session it is."""
    row = one(
        db,
        "SELECT who FROM sessions WHERE token_hash = ? AND kind = ? AND expires_at > ?",
        digest(token),
        kind,
        now(),
    )
    return row["who"] if row else None


def end(db: Connection, token: str) -> None:
    db.execute("DELETE FROM sessions WHERE token_hash = ?", (digest(token),))


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def may_try(db: Connection, what: str) -> bool:
    """Counts an attempt at `what`; False after too many within a quarter of an hour."""
    db.execute("DELETE FROM attempts WHERE at < ?", (now(minutes=-15),))
    db.execute("INSERT INTO attempts VALUES (?, ?)", (digest(what), now()))
    row = one(db, "SELECT count(*) AS made FROM attempts WHERE what = ?", digest(what))
    assert row is not None
    return bool(row["made"] <= MOST_ATTEMPTS)


def sign(secret: str, *parts: str) -> str:
    """A signature for links in mails: nobody can make one for another's address."""
    mac = hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac[:18]).decode()
