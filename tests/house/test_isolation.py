"""Laws 3 and 8: every operation, tried with every id that belongs to somebody else or to the other mode.

Generated from the route table: a new route is tried as soon as it exists, and a route with a path parameter or a body
that `isolation_cases` does not know fails this file.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from portside.accounts.actions import create_session, create_user
from portside.db.begin import begin
from portside.kit.ids import new_id
from portside.main import API, PAGES, route_list
from portside.rest.endpoint import Operation
from portside.rest.openapi import operations
from portside.web.session import SESSION
from tests.house.isolation_cases import BODIES, FILTERS, IN_THE_ANSWER, SELF_CONTAINED
from tests.support.cast import Person
from tests.support.objects import make_objects, post

Maker = Callable[..., httpx.AsyncClient]
Ids = dict[str, str]

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
FEWEST_PAIRS = 500

# Path parameters that name no object of an account.
OPEN_PARAMETERS = {"carrier": "usps", "currency_code": "USD", "token": "USPS_FlatRateEnvelope"}
OPEN_PARAMETERS |= {"plan_name": "gold", "tier_name": "silver"}
# A managed account is its platform's in both modes (docs/decisions/0005).
IN_BOTH_MODES = {"shippo_account_id", "account_id"}
# Pages that are there only for who holds a link or comes from an app, or where the setting says so.
ONLY_WITH_PROOF = {"/reset-password", "/join", "/mailbox", "/oauth/authorize", "/tracking-page/preview"}
# What only the pages call so.
PAGE_PARAMETERS = dict.fromkeys(
    (
        "label_id",
        "track_id",
        "alert_id",
        "token_id",
        "message_id",
        "mail_id",
        "app_id",
        "import_id",
        "key",
        "link",
        "logo",
    ),
    "transaction_id",
)
MANAGED = {"email": "bob@example.com", "first_name": "Bob", "last_name": "Example", "company_name": "Bob Ltd"}


class Stranger:
    """Somebody who must not see alice's test data, with objects of their own to mix hers among."""

    def __init__(self, name: str, client: httpx.AsyncClient, own: Ids) -> None:
        self.name = name
        self.client = client
        self.own = own


def named(path: str) -> list[str]:
    """The path parameters that name an object."""
    return [name for name in _PARAMETER.findall(path) if name not in OPEN_PARAMETERS]


def filled(path: str, ids: Ids) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        return ids.get(name) or ids.get(PAGE_PARAMETERS.get(name, "")) or OPEN_PARAMETERS[name]

    query = "?redirect_uri=http://127.0.0.1/" if "signin" in path else ""
    return _PARAMETER.sub(value, path) + query


def key(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


async def objects_of(api: httpx.AsyncClient) -> Ids:
    """What any account can own, and the account that only a platform can."""
    managed = await post(api, "/shippo-accounts", MANAGED)
    for path in ("/partner/plans/gold", "/partner/discount-tiers/silver"):
        assert (await api.put(path, json={"percent": "5"})).status_code == 200
    return await make_objects(api) | dict.fromkeys(("shippo_account_id", "account_id"), managed["object_id"])


@pytest.fixture
async def strangers(product: Maker, alice: Person, charlie: Person) -> AsyncIterator[list[Stranger]]:
    tokens = {"charlie": charlie.token, "charlie live": charlie.live_token, "alice live": alice.live_token}
    clients = {name: product(token) for name, token in tokens.items()}
    # The simulated carriers sell nothing for live tokens, so only charlie's test account owns one of everything.
    own = await objects_of(clients["charlie"])
    nothing = dict.fromkeys(own, "0" * 32)
    yield [Stranger(name, client, own if name == "charlie" else nothing) for name, client in clients.items()]
    for client in clients.values():
        await client.aclose()


def assert_nothing_leaks(answer: httpx.Response, ids: Ids, sent: str) -> None:
    """No byte of the object: not even another id of the same account."""
    for name, value in ids.items():
        if value not in sent:
            assert value not in answer.text, (sent, name, answer.text[:500])


async def try_paths(stranger: Stranger, theirs: Ids) -> int:
    """Every operation with alice's ids in its path."""
    tried = 0
    skipped = IN_BOTH_MODES if stranger.name == "alice live" else set()
    for operation in operations(API):
        if not set(named(operation.path)) - skipped or operation.path == "/tracks/{carrier}/{tracking_number}":
            continue
        path = filled(operation.path, theirs)
        body: Any = [] if "batches" in path else {}
        answer = await stranger.client.request(operation.method, path, json=body if operation.takes else None)
        # A body that is missing may be complained about first; what is asked for must not be told either way.
        allowed = (404, 400) if operation.takes else (404,)
        assert answer.status_code in allowed, (stranger.name, key(operation), answer.status_code, answer.text)
        assert_nothing_leaks(answer, theirs, path)
        tried += 1
    return tried


async def try_bodies(stranger: Stranger, theirs: Ids) -> int:
    """Every body that can name alice's objects."""
    tried = 0
    for name, bodies in BODIES.items():
        method, path = name.split(" ")
        for build in bodies:
            if method != "POST" and stranger.name != "charlie":
                # What is changed must be one's own, and only charlie's test account owns anything.
                continue
            if name == "POST /partner/ledger" and stranger.name == "alice live":
                # Both modes of a platform have the same managed accounts.
                continue
            answer = await stranger.client.request(method, filled(path, stranger.own), json=build(theirs, stranger.own))
            assert answer.status_code == 400, (stranger.name, name, answer.status_code, answer.text)
            tried += 1
    return tried


async def try_rows(stranger: Stranger, theirs: Ids) -> int:
    """Bodies whose rows are answered one by one: the row is refused and tells nothing."""
    tried = 0
    for name, bodies in IN_THE_ANSWER.items():
        method, path = name.split(" ")
        for build in bodies:
            body = build(theirs, stranger.own)
            answer = await stranger.client.request(method, filled(path, stranger.own), json=body)
            assert answer.status_code < 500, (name, answer.text)
            assert_nothing_leaks(answer, theirs, str(body))
            tried += 1
    return tried


async def try_lists(stranger: Stranger, theirs: Ids) -> int:
    """Every list and every filter by a foreign id."""
    tried = 0
    for template in FILTERS:
        assert (await stranger.client.get(template.format(**theirs))).json()["results"] == [], template
        tried += 1
    for operation in operations(API):
        if operation.method == "GET" and not named(operation.path):
            answer = await stranger.client.get(filled(operation.path, theirs))
            hidden = theirs if stranger.name != "alice live" else _without(theirs, IN_BOTH_MODES)
            assert_nothing_leaks(answer, hidden, operation.path)
            tried += 1
    return tried


def _without(ids: Ids, names: set[str]) -> Ids:
    return {name: value for name, value in ids.items() if name not in names}


async def try_header(stranger: Stranger, theirs: Ids, account_id: str) -> int:
    """Every operation on behalf of an account that is not the caller's."""
    tried = 0
    for operation in operations(API):
        for account in (account_id, theirs["shippo_account_id"]):
            if stranger.name == "alice live" and account == theirs["shippo_account_id"]:
                continue
            headers = {"Shippo-Account-Id": account}
            path = filled(operation.path, theirs)
            answer = await stranger.client.request(operation.method, path, json={}, headers=headers)
            assert answer.status_code == 404, (stranger.name, key(operation), answer.status_code, answer.text)
            tried += 1
    return tried


async def try_files(stranger: Stranger, theirs: Ids) -> int:
    """A label's file without its signature, or with another file's."""
    url, other = theirs["label_url"], stranger.own["label_url"]
    path = url.split("?")[0]
    wrong = [path, f"{path}?{other.partition('?')[2]}", url[:-2]] if "?" in other else [path, url[:-2]]
    for each in wrong:
        assert (await stranger.client.get(each)).status_code == 404, each
    return len(wrong)


async def test_no_operation_gives_away_what_is_not_the_callers(
    api: httpx.AsyncClient, alice: Person, strangers: list[Stranger], capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = await objects_of(api)
    pairs = 0
    for stranger in strangers:
        pairs += await try_paths(stranger, theirs)
        # Before the rows: what a stranger sent is echoed in the stranger's own lists.
        pairs += await try_lists(stranger, theirs)
        pairs += await try_bodies(stranger, theirs)
        pairs += await try_rows(stranger, theirs)
        pairs += await try_header(stranger, theirs, alice.account_id)
        pairs += await try_files(stranger, theirs)
    with capsys.disabled():
        print(f"\nisolation: {pairs} pairs of operation and foreign or other-mode id")
    assert pairs >= FEWEST_PAIRS


async def test_no_page_gives_away_what_is_not_the_visitors(
    api: httpx.AsyncClient, product: Maker, charlie: Person
) -> None:
    theirs = await objects_of(api)
    user_id = new_id()
    async with begin() as tx:
        email = f"charlie-{user_id[-12:]}@example.com"
        await create_user(tx, user_id=user_id, email=email, name="Charlie", password_hash="none")
        await tx.execute("UPDATE members SET user_id = $2 WHERE account_id = $1", charlie.account_id, user_id)
        cookie = await create_session(tx, user_id, charlie.account_id, "test", 1)
    tried = 0
    async with product(Accept="text/html", Cookie=f"{SESSION}={cookie}") as client:
        for line in route_list(PAGES):
            method, path = line.split(" ")
            if method != "GET" or path.startswith(("/static", "/favicon", "/app-logos", "/brand-logos")):
                continue
            answer = await client.get(filled(path, theirs))
            # A stream of news is no page: a place to resume from that is none of ours is a bad request.
            missing = (400, 404) if path.startswith(("/app/live", "/oauth/")) else (404,)
            is_closed = named(path) or path in ONLY_WITH_PROOF
            assert answer.status_code in (missing if is_closed else (200, 302, 303)), (path, answer.status_code)
            assert_nothing_leaks(answer, theirs, path)
            tried += 1
    assert tried >= 8


async def test_what_was_tried_in_vain_is_there_for_its_owner(api: httpx.AsyncClient) -> None:
    ids = await objects_of(api)
    for operation in operations(API):
        if operation.method == "GET" and "signin" not in operation.path and "reg-status" not in operation.path:
            answer = await api.get(filled(operation.path, ids))
            assert answer.status_code == 200, (operation.path, answer.text)


def test_every_body_that_names_an_object_is_tried() -> None:
    """An operation that takes a body is either tried with foreign ids or known to name nothing."""
    known = BODIES.keys() | IN_THE_ANSWER.keys() | SELF_CONTAINED.keys()
    takers = {key(operation) for operation in operations(API) if operation.takes is not None}
    assert takers - known == set(), "say in isolation_cases what these may name"
