"""Getting in on the connect page: a new account by a code from the mail, or the password of an old one.

No session begins here and no cookie is set: it is for this one connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response

from portside.errors import FieldErrors
from portside.oauth.models import Prefill
from portside.people.flows import begin_sign_up, finish_sign_up
from portside.people.rules import LONGEST_NAME, SHORTEST_PASSWORD, read_sign_up
from portside.web import authorize_pages as pages
from portside.web.authorize_consent import show_consent
from portside.web.authorize_way import Way, is_over, sign_in
from portside.web.entry import What, is_throttled, person_of, retry_after
from portside.web.session import client_address

_WRONG = "E-mail or password is wrong."
_TOO_MANY = "Too many attempts. Wait {minutes} minutes and try again."
_WRONG_CODE = "That is not the code that we sent last."
_NO_CODE = "This code has run out, or there were too many attempts. Ask for a new one."
_TAKEN = "There is an account with this e-mail now. Log in."
# The form's names for what a sign-up calls otherwise: two fields on one page may not be called the same.
_FIELDS = {"email": "new_email", "password": "new_password", "name": "name", "company": "company"}


def show_entry(way: Way) -> Response[bytes]:
    """Both forms, with what the app knows of the merchant already."""
    return _entry(way, "register")


async def register(way: Way) -> Response[bytes]:
    """Have a code sent; whether the e-mail is known is told by the mail alone."""
    email = way.field("new_email")
    try:
        given = read_sign_up({name: way.form.get(field, "") for name, field in _FIELDS.items()})
    except FieldErrors as error:
        errors = {_FIELDS[name]: str(text) for name, text in error.errors.items()}
        return _entry(way, "register", form={"errors": errors}, status=422)
    if await is_throttled(way.request, "sign-up", email):
        return _throttled(way, "register", "sign-up")
    return _code(way, await begin_sign_up(given), email)


async def verify(way: Way) -> Response[bytes]:
    """The code from the mail: now the account is made, and is asked what the app may do in it."""
    handle, email = way.field("sign_up"), way.field("new_email")
    if await is_throttled(way.request, "code", handle):
        return _code(way, handle, email, _too_many("code"), 429)
    found = await finish_sign_up(handle, way.field("code"), client_address(way.request))
    if found == "wrong":
        return _code(way, handle, email, _WRONG_CODE, 422)
    if isinstance(found, str):
        text = _TAKEN if found == "taken" else _NO_CODE
        return _entry(way, "login" if found == "taken" else "register", form={"message": text}, status=422)
    user, account_id = found
    entered = await sign_in(way, user, account_id)
    return is_over(way) if entered is None else await show_consent(entered, user, account_id)


async def log_in(way: Way) -> Response[bytes]:
    """Check the password; attempts are counted with those of the sign-in page."""
    if await is_throttled(way.request, "sign-in", way.field("email")):
        return _throttled(way, "login", "sign-in")
    found = await person_of(way.field("email"), way.form.get("password", ""))
    if found is None:
        return _entry(way, "login", form={"message": _WRONG}, status=422)
    user, account_id = found
    entered = await sign_in(way, user, account_id, typed=True)
    return is_over(way) if entered is None else await show_consent(entered, user, account_id)


def _entry(way: Way, opened: str, form: Mapping[str, Any] | None = None, status: int = 200) -> Response[bytes]:
    """The page with both forms; `form` says what is wrong with the one that is open."""
    known = _known(way.asked.details.prefill)
    typed = {name: way.field(name) for name in known if name in way.form}
    forms = {
        name: {"data": known | typed, "errors": {}, "message": ""} | (dict(form or {}) if name == opened else {})
        for name in ("register", "login")
    }
    return pages.step(
        way.asked, "enter", way.handle, status, way=opened, shortest=SHORTEST_PASSWORD, longest=LONGEST_NAME, **forms
    )


def _known(prefill: Prefill) -> dict[str, str]:
    name = f"{prefill.first_name} {prefill.last_name}".strip()[:LONGEST_NAME]
    return {"email": prefill.email, "new_email": prefill.email, "name": name, "company": prefill.company_name}


def _code(way: Way, sign_up: str, email: str, wrong: str = "", status: int = 200) -> Response[bytes]:
    form = {"data": {}, "errors": {"code": wrong} if wrong else {}, "message": ""}
    response = pages.step(way.asked, "code", way.handle, status, email=email, form=form, sign_up=sign_up)
    if status == 429:
        response.headers["Retry-After"] = retry_after("code")
    return response


def _throttled(way: Way, opened: str, what: What) -> Response[bytes]:
    response = _entry(way, opened, form={"message": _too_many(what)}, status=429)
    response.headers["Retry-After"] = retry_after(what)
    return response


def _too_many(what: What) -> str:
    return _TOO_MANY.format(minutes=int(retry_after(what)) // 60)
