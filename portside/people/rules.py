"""What people may call themselves, which passwords will do, and how codes are made and compared."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping

from portside.accounts.rules import is_email
from portside.errors import FieldErrors
from portside.kit.crypto import KeyRing
from portside.kit.ids import Id
from portside.kit.password import LONGEST as LONGEST_PASSWORD
from portside.people.models import SignUp

# NIST SP 800-63B asks for at least 8; length is all that counts, so there are no rules about signs.
SHORTEST_PASSWORD = 10
LONGEST_NAME = 100

CODE_DIGITS = 6
CODE_LIFE = dt.timedelta(minutes=30)
# Wrong codes for one form: a guesser has 5 chances in a million before everything starts anew, which is throttled.
MOST_TRIES = 5
# Mails for one form, the first included.
MOST_CODES = 3
RESET_LIFE = dt.timedelta(hours=1)
INVITATION_LIFE = dt.timedelta(days=7)
MOST_INVITATIONS = 50
# How long a mail that only tells of something is tried.
NEWS_LIFE = dt.timedelta(days=2)

_EMAIL = "This does not look like an e-mail address."


def read_sign_up(fields: Mapping[str, str]) -> SignUp:
    """A form's `name`, `company`, `email` and `password`. Raises FieldErrors, a sentence for each field."""
    given = {name: fields.get(name, "").strip() for name in ("name", "company", "email")}
    password = fields.get("password", "")
    troubles = {
        "name": name_trouble(given["name"], "Tell us your name."),
        "company": name_trouble(given["company"], "Tell us your company's or shop's name."),
        "email": email_trouble(given["email"]),
        "password": password_trouble(password, given["email"]),
    }
    errors = {name: text for name, text in troubles.items() if text}
    if errors:
        raise FieldErrors(errors)
    return SignUp(**given, password=password)


def name_trouble(text: str, missing: str) -> str:
    """What is wrong with a name, as a sentence; empty if nothing is."""
    if not text:
        return missing
    if len(text) > LONGEST_NAME:
        return f"At most {LONGEST_NAME} characters."
    return "" if text.isprintable() else "This holds characters that cannot be shown."


def email_trouble(text: str) -> str:
    """What is wrong with an e-mail address, as a sentence; empty if nothing is."""
    if not text:
        return "Tell us your e-mail address."
    return "" if is_email(text) else _EMAIL


def password_trouble(password: str, email: str = "") -> str:
    """What is wrong with a new password, as a sentence; empty if nothing is."""
    if len(password) < SHORTEST_PASSWORD:
        return f"At least {SHORTEST_PASSWORD} characters; a few words are fine."
    if len(password) > LONGEST_PASSWORD:
        return f"At most {LONGEST_PASSWORD} characters."
    if len(set(password)) < 4 or password.casefold() == email.casefold():
        return "This is too easy to guess."
    return ""


def new_code() -> str:
    """Six digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def code_mac(keys: KeyRing, owner: Id, code: str) -> str:
    """What is kept of a code: a plain hash of six digits would tell them to whoever reads the database."""
    return keys.sign("code", f"{owner}:{code}".encode())


def is_code(keys: KeyRing, owner: Id, given: str, mac: str | None) -> bool:
    """Whether that is the code, spaces and dashes aside; without a code in force none is."""
    digits = "".join(each for each in given if each not in " -\u00a0\u2011\u2013")
    # The same work in both cases.
    right = keys.verify("code", f"{owner}:{digits}".encode("utf-8", "replace"), mac or code_mac(keys, owner, ""))
    return right and mac is not None
