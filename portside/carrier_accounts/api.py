"""/carrier_accounts, and the consent page of simulated carriers, where signing in to a carrier leads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, get_args
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get
from litestar.types import ControllerRouterHandler

from portside.accounts.queries import get_scope
from portside.carrier_accounts import actions, queries, wire
from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.rules import is_redirect_target, signs_in, with_query
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import AppError, NotFound
from portside.kit.crypto import BadLink, new_token
from portside.kit.ids import Id, as_id
from portside.kit.scope import Mode, Scope
from portside.kit.services import services
from portside.rest.endpoint import Answer, Call, Route, endpoint
from portside.rest.pages import Page

# How long somebody may take at the carrier.
SIGN_IN_SECONDS = 600


def _shown(call: Call, account: CarrierAccount, *, with_service_levels: bool = False) -> wire.CarrierAccountOut:
    agent = call.header(b"user-agent")
    return wire.carrier_account_out(account, call.scope, user_agent=agent, with_service_levels=with_service_levels)


@endpoint("POST", "/carrier_accounts", status=201, takes=wire.CarrierAccountIn, gives=wire.CarrierAccountOut)
async def create_carrier_account(call: Call, given: wire.CarrierAccountIn) -> wire.CarrierAccountOut:
    """Connect an account that you have with a carrier."""
    draft = wire.carrier_account_draft(call.scope, given)
    async with begin() as tx:
        (account,) = await actions.create_carrier_accounts(tx, [draft])
    return _shown(call, account)


@endpoint("GET", "/carrier_accounts", gives=Page[wire.CarrierAccountOut], query=wire.Filters)
async def list_carrier_accounts(call: Call) -> Page[wire.CarrierAccountOut]:
    """List carrier accounts, newest first."""
    page, wanted = call.page(default=5), call.query(wire.Filters)
    carrier = wanted.carrier.strip() or None
    async with reading() as tx:
        found = await queries.list_carrier_accounts(
            tx, call.scope, page, carrier=carrier, account_id=wanted.account_id or None
        )
    shown = found.map(lambda account: _shown(call, account, with_service_levels=wanted.service_levels))
    return call.page_of(shown, page)


@endpoint("GET", "/carrier_accounts/{carrier_account_id}", gives=wire.CarrierAccountOut)
async def get_carrier_account(call: Call) -> wire.CarrierAccountOut:
    """Retrieve a carrier account."""
    async with reading() as tx:
        account = await queries.get_carrier_account(tx, call.scope, call.id("carrier_account_id"))
    return _shown(call, account)


@endpoint(
    "PUT",
    "/carrier_accounts/{carrier_account_id}",
    takes=wire.CarrierAccountUpdate,
    gives=wire.CarrierAccountOut,
)
async def update_carrier_account(call: Call, given: wire.CarrierAccountUpdate) -> wire.CarrierAccountOut:
    """Update a carrier account: switch it on or off, rename it, change its parameters."""
    change = wire.carrier_account_change(call.scope, given)
    async with begin() as tx:
        account = await actions.update_carrier_account(tx, call.scope, call.id("carrier_account_id"), change)
    return _shown(call, account)


@endpoint("POST", "/carrier_accounts/register/new", status=201, takes=wire.RegistrationIn, gives=wire.CarrierAccountOut)
async def register_carrier_account(call: Call, given: wire.RegistrationIn) -> wire.CarrierAccountOut:
    """Open the platform's account with a carrier for you."""
    carrier, parameters = wire.registration(given)
    async with begin() as tx:
        account = await actions.register_carrier_account(tx, call.scope, carrier, parameters)
    return _shown(call, account)


@endpoint("GET", "/carrier_accounts/reg-status", gives=wire.RegistrationOut, query=wire.RegistrationQuery)
async def get_registration_status(call: Call) -> wire.RegistrationOut:
    """How the registration with a carrier stands."""
    wanted = call.query(wire.RegistrationQuery)
    async with reading() as tx:
        account = await queries.get_registration(tx, call.scope, wanted.carrier)
    return wire.registration_out(account, call.scope)


async def carrier_accounts_by_id(tx: Tx, scope: Scope, ids: Sequence[Id]) -> dict[Id, wire.CarrierAccountOut]:
    """For `?expand=carrier_account`."""
    found = await queries.find_carrier_accounts(tx, scope, ids)
    return {id_: wire.carrier_account_out(account, scope) for id_, account in found.items()}


class SignInRefused(AppError):
    """400: nobody can be sent to the carrier like that."""

    status = 400
    code = "sign_in_refused"

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(detail)
        self.title = title


def _answer_sign_in_error(error: AppError) -> Answer:
    """The SDKs have types for the errors of this one operation: a title and a detail."""
    title = error.title if isinstance(error, SignInRefused) else HTTPStatus(error.status).phrase
    return Answer(error.status, msgspec.json.encode({"title": title, "detail": error.message} | error.body()))


@endpoint(
    "GET",
    "/carrier_accounts/{carrier_account_id}/signin/initiate",
    status=302,
    query=wire.SignInQuery,
    on_error=_answer_sign_in_error,
    # Whoever follows it connects the account.
    permission="carriers:write",
)
async def initiate_sign_in(call: Call) -> Answer:
    """Send the account's owner to the carrier to sign in.

    From there they come back to `redirect_uri` with `state` and a `code`; the account is connected then.
    """
    wanted = call.query(wire.SignInQuery)
    if not wanted.redirect_uri:
        raise SignInRefused("Missing required parameter", "redirect_uri")
    if not is_redirect_target(wanted.redirect_uri):
        raise SignInRefused("Invalid parameter", "redirect_uri must be an absolute http or https URL.")
    scope = call.scope
    async with reading() as tx:
        account = await queries.get_carrier_account(tx, scope, call.id("carrier_account_id"))
    if not signs_in(account.carrier, is_shippo_account=account.is_shippo_account):
        raise SignInRefused("Unsupported carrier account", "This carrier account is not connected by signing in.")
    query = urlencode({"redirect_uri": wanted.redirect_uri, "state": wanted.state})
    path = f"/carrier-signin/{scope.mode}/{scope.account_id}/{account.id}?{query}"
    link = services().keys.sign_link(path, int(time.time()) + SIGN_IN_SECONDS)
    location = (services().public_url + link).encode("latin-1", "replace")
    return Answer(302, b"", headers=((b"location", location), (b"cache-control", b"no-store")))


@get("/carrier-signin/{mode:str}/{account_id:str}/{carrier_account_id:str}")
async def consent(
    request: Request[Any, Any, Any], mode: str, account_id: str, carrier_account_id: str
) -> Response[bytes]:
    """Stands where a carrier's own consent page would stand: the simulated carriers' owners always consent.

    Only signed links lead here, so nobody else can connect an account or choose where the browser goes next.
    """
    link = f"/carrier-signin/{mode}/{account_id}/{carrier_account_id}?{request.scope['query_string'].decode('latin-1')}"
    try:
        services().keys.verify_link(link, time.time())
    except (BadLink, ValueError) as error:
        raise NotFound from error
    async with begin() as tx:
        scope = await get_scope(tx, Id(account_id), _mode(mode))
        await actions.note_sign_in(tx, scope, as_id(carrier_account_id) or Id(""))
    wanted = request.query_params
    state = {"state": wanted["state"]} if wanted["state"] else {}
    return _redirect(with_query(wanted["redirect_uri"], code=new_token(""), **state))


def _mode(text: str) -> Mode:
    return next(mode for mode in get_args(Mode) if mode == text)


def _redirect(url: str) -> Response[bytes]:
    return Response(b"", status_code=302, headers={"Location": url, "Cache-Control": "no-store"})


routes: list[Route | ControllerRouterHandler] = [
    create_carrier_account,
    list_carrier_accounts,
    get_registration_status,
    get_carrier_account,
    update_carrier_account,
    register_carrier_account,
    initiate_sign_in,
    consent,
]
