"""Getting in on the connect page: a new account by a code from the mail, or the password of an old one.

No session begins here and no cookie is set: it is for this one connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from litestar import Response

from portside.accounts.models import User
from portside.db.begin import reading
from portside.errors import FieldErrors
from portside.kit.ids import Id
from portside.kit.services import services
from portside.oauth.models import Prefill
from portside.people.flows import begin_sign_up, finish_sign_up, resend_code
from portside.people.queries import find_sign_up
from portside.people.rules import LONGEST_NAME, SHORTEST_PASSWORD, read_sign_up
from portside.web import authorize_pages as pages
from portside.web.authorize_consent import show_consent
from portside.web.authorize_way import Way, is_over, sign_in
from portside.web.entry import What, is_throttled, person_of, retry_after
from portside.web.open_mailbox import mailbox_url
from portside.web.reset import RESET
from portside.web.session import client_address

_WRONG = "E-mail or password is wrong."
_TOO_MANY = "Too many attempts. Wait {minutes} minutes and try again."
_WRONG_CODE = "That is not the code. Use the one in the latest mail."
_OLD_CODE = "This code does not work any more. Begin anew, and we send you another."
_NO_MORE_CODES = "No further mail is sent for this sign-up. Type the code of the last one, or begin anew."
_TAKEN = "You have an account already. Log in with your password, or set a new one."
_CLOSED = "Accounts are opened by the operator here. Log in to the one that you have."
# The form's names for what a sign-up calls otherwise: two fields on one page may not be called the same.
_FIELDS = {"email": "new_email", "password": "new_password", "name": "name", "company": "company"}

Opened = Literal["register", "login"]


def show_entry(way: Way) -> Response[bytes]:
    """Both forms, with what the app knows of the merchant already."""
    return _entry(way, "login" if way.asked.wants_sign_in else "register")


async def register(way: Way) -> Response[bytes]:
    """Have a code sent; whether the e-mail is known is told by the mail alone."""
    if not _may_register():
        return _entry(way, "login", message=_CLOSED, status=403)
    try:
        given = read_sign_up({name: way.form.get(field, "") for name, field in _FIELDS.items()})
    except FieldErrors as wrong:
        return _entry(way, "register", errors={_FIELDS[name]: text for name, text in wrong.errors.items()}, status=422)
    if await is_throttled(way.request, "sign-up", given.email):
        return _entry(way, "register", throttled="sign-up")
    return await _code(way, await begin_sign_up(given))


async def resend(way: Way) -> Response[bytes]:
    """Another mail, with another code."""
    handle = way.field("sign_up")
    if await is_throttled(way.request, "resend", handle):
        return await _code(way, handle, throttled="resend")
    if not await resend_code(handle):
        return await _code(way, handle, message=_NO_MORE_CODES, status=422)
    return await _code(way, handle, sent=True)


async def verify(way: Way) -> Response[bytes]:
    """The code from the mail: now the account is made, and is asked what the app may do in it."""
    handle = way.field("sign_up")
    if await is_throttled(way.request, "code", handle):
        return await _code(way, handle, throttled="code")
    found = await finish_sign_up(handle, way.field("code", 40), client_address(way.request))
    if found == "wrong":
        return await _code(way, handle, errors={"code": _WRONG_CODE}, status=422)
    if found == "taken":
        return _entry(way, "login", message=_TAKEN, status=422)
    if found == "over":
        return _entry(way, "register", message=_OLD_CODE, status=422)
    return await _go_on(way, *found)


async def log_in(way: Way) -> Response[bytes]:
    """Check the password; attempts are counted with those of the sign-in page."""
    if await is_throttled(way.request, "sign-in", way.field("email")):
        return _entry(way, "login", throttled="sign-in")
    found = await person_of(way.field("email"), way.form.get("password", ""))
    if found is None:
        return _entry(way, "login", message=_WRONG, status=422)
    return await _go_on(way, *found, typed=True)


async def _go_on(way: Way, user: User, account_id: Id, *, typed: bool = False) -> Response[bytes]:
    entered = await sign_in(way, user, account_id, typed=typed)
    return is_over(way) if entered is None else await show_consent(entered, user, account_id)


def _may_register() -> bool:
    return services().settings.sign_up == "open"


def _entry(
    way: Way,
    opened: Opened,
    *,
    errors: Mapping[str, str] | None = None,
    message: str = "",
    status: int = 200,
    throttled: What | None = None,
) -> Response[bytes]:
    """The page with both forms; what is wrong is said in the one that is open."""
    opened = opened if _may_register() else "login"
    known = _known(way.asked.details.prefill)
    data = known | {name: way.field(name) for name in known if name in way.form}
    forms: dict[str, Any] = {name: {"data": data, "errors": {}, "message": ""} for name in ("register", "login")}
    forms[opened] = {"data": data, "errors": errors or {}, "message": _too_many(throttled) or message}
    context = {"way": opened, "can_register": _may_register(), "shortest": SHORTEST_PASSWORD, "longest": LONGEST_NAME}
    return _said(pages.step(way.asked, "enter", way.handle, status, **context, reset_url=RESET, **forms), throttled)


async def _code(
    way: Way,
    sign_up: str,
    *,
    errors: Mapping[str, str] | None = None,
    message: str = "",
    sent: bool = False,
    status: int = 200,
    throttled: What | None = None,
) -> Response[bytes]:
    async with reading() as tx:
        wanted = await find_sign_up(tx, sign_up)
    if wanted is None:
        return _entry(way, "register", message=_OLD_CODE, status=422)
    form = {"data": {}, "errors": errors or {}, "message": _too_many(throttled) or message}
    context = {"email": wanted.email, "form": form, "sign_up": sign_up, "sent": sent}
    mailbox = mailbox_url(way.request) or ""
    return _said(pages.step(way.asked, "code", way.handle, status, **context, mailbox_url=mailbox), throttled)


def _said(response: Response[bytes], throttled: What | None) -> Response[bytes]:
    if throttled:
        response.status_code = 429
        response.headers["Retry-After"] = retry_after(throttled)
    return response


def _too_many(throttled: What | None) -> str:
    return _TOO_MANY.format(minutes=int(retry_after(throttled)) // 60) if throttled else ""


def _known(prefill: Prefill) -> dict[str, str]:
    name = f"{prefill.first_name} {prefill.last_name}".strip()[:LONGEST_NAME]
    return {"email": prefill.email, "new_email": prefill.email, "name": name, "company": prefill.company_name}
