"""Where tracks meet their carriers: registering a number, and looking one up now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from portside.carrier_accounts import queries as carrier_accounts
from portside.carrier_accounts.rules import credentials
from portside.carriers import client
from portside.carriers.contract import CallContext, Credentials, TrackSnapshot
from portside.carriers.errors import CarrierError
from portside.carriers.registry import find_adapter
from portside.db.begin import begin, reading
from portside.errors import BadRequest, FieldErrors, NotFound
from portside.kit.clock import now
from portside.kit.ids import new_id
from portside.kit.scope import Scope
from portside.tracking import actions, queries, rules, wire
from portside.tracking.mock_numbers import mock_snapshot
from portside.tracking.models import MOCK_CARRIER, Track, TrackDetails, TrackKey

_log = structlog.get_logger(__name__)

# A person waits for a look-up; a poll can wait as long.
ASK_SECONDS = 8.0

# Applies a carrier's news to tracks and to the labels above them. Labels stand above tracking, so it is handed down
# by `wiring.install()`.
TakeNews = Callable[[Sequence[TrackKey], TrackSnapshot], Awaitable[None]]
_take_news: TakeNews | None = None


def install(take_news: TakeNews | None) -> None:
    """Say who takes a carrier's news; once, at start."""
    global _take_news
    _take_news = take_news


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A track, and why its carrier could not be asked just now (empty when it could)."""

    track: Track
    messages: tuple[str, ...] = ()


async def register(scope: Scope, given: wire.TrackIn) -> Answer:
    """Follow a number and ask its carrier at once. An unknown number is followed too: labels are often registered
    before their parcel is seen. Raises FieldErrors."""
    carrier = _carrier(scope, given.carrier)
    number = rules.clean_number(given.tracking_number)
    errors = {}
    if carrier is None:
        errors["carrier"] = [f"Invalid value specified for provider '{given.carrier[:40]}'"]
    if number is None or (carrier == MOCK_CARRIER and mock_snapshot(number, now()) is None):
        errors["tracking_number"] = ["This is not a tracking number of the carrier."]
    if carrier is None or number is None or errors:
        raise FieldErrors(errors)
    async with begin() as tx:
        track = await actions.register_track(tx, scope, carrier, number, metadata=given.metadata or None)
    return await _asked(scope, track)


async def look_up(scope: Scope, carrier_text: str, number_text: str) -> Answer:
    """A number as its carrier knows it now, registered or not. What has changed is recorded, so that followers hear
    of it. Raises BadRequest for a carrier that cannot be asked here, NotFound for a number nobody knows."""
    carrier = _carrier(scope, carrier_text)
    if carrier is None:
        raise BadRequest(f"Carrier with name '{carrier_text[:40]}' is not supported.")
    number = rules.clean_number(number_text)
    if number is None:
        raise NotFound
    async with reading() as tx:
        track = await queries.find_track(tx, scope, carrier, number)
    if track is not None:
        return await _asked(scope, track)
    return await (_first_mocked if carrier == MOCK_CARRIER else _first_asked)(scope, carrier, number)


async def _first_mocked(scope: Scope, carrier: str, number: str) -> Answer:
    if mock_snapshot(number, now()) is None:
        raise NotFound
    async with begin() as tx:
        track = await actions.register_track(tx, scope, carrier, number, is_registered=False)
    return await _asked(scope, track)


async def _first_asked(scope: Scope, carrier: str, number: str) -> Answer:
    """Look up a number that this account does not know yet; it is kept once its carrier does, so that its ids stay."""
    try:
        snapshot = await ask(scope, carrier, number)
    except CarrierError as refusal:
        if refusal.kind == "input":
            raise NotFound from refusal
        return Answer(track=_unkept(carrier, number), messages=(refusal.text,))
    if snapshot is None:
        raise NotFound
    async with begin() as tx:
        track = await actions.register_track(tx, scope, carrier, number, is_registered=False)
    return Answer(track=await _told(scope, track, snapshot))


async def _asked(scope: Scope, track: Track) -> Answer:
    """A stored track after its carrier was asked, unless that was done a moment ago."""
    if _is_fresh(track):
        return Answer(track=track)
    try:
        snapshot = await _snapshot(scope, track)
    except CarrierError as refusal:
        return Answer(track=track, messages=(refusal.text,))
    if snapshot is None:
        async with begin() as tx:
            await actions.note_asked(tx, scope, track.id)
        return Answer(track=track)
    return Answer(track=await _told(scope, track, snapshot))


async def _told(scope: Scope, track: Track, snapshot: TrackSnapshot) -> Track:
    if _take_news is None:
        raise RuntimeError("tracking.flows.install() has not run: nobody would hear of the news")
    await _take_news([track.key(scope)], snapshot)
    async with reading() as tx:
        return await queries.get_track(tx, scope, track.id)


async def _snapshot(scope: Scope, track: Track) -> TrackSnapshot | None:
    if track.carrier == MOCK_CARRIER:
        return mock_snapshot(track.tracking_number, track.created_at)
    return await ask(scope, track.carrier, track.tracking_number)


async def ask(scope: Scope, carrier: str, number: str) -> TrackSnapshot | None:
    """What the carrier knows of a number now; None when it does not know it. Raises CarrierError."""
    async with reading() as tx:
        accounts = await carrier_accounts.list_active(tx, scope, None)
    own = next((account for account in accounts if account.carrier == carrier), None)
    # Many carriers tell anybody about a parcel; the others refuse this call themselves.
    using = credentials(own) if own else Credentials(id="", number="", is_test=scope.is_test)
    return await client.track(carrier, number, CallContext(credentials=using, timeout=ASK_SECONDS))


def _carrier(scope: Scope, text: str) -> str | None:
    """The token of a carrier that can be asked about numbers in this mode."""
    token = text.strip().lower()
    if token == MOCK_CARRIER:
        return token if scope.is_test else None
    return token if client.can(token, "track") else None


def _is_fresh(track: Track) -> bool:
    adapter = find_adapter(track.carrier)
    if adapter is None or track.last_checked_at is None:
        return False
    return (now() - track.last_checked_at).total_seconds() < adapter.limits.track_pause_seconds


def _unkept(carrier: str, number: str) -> Track:
    moment = now()
    return Track(
        id=new_id(),
        link=new_id(),
        carrier=carrier,
        tracking_number=number,
        label_id=None,
        is_registered=False,
        status=None,
        details=TrackDetails(),
        metadata=None,
        event_seq=0,
        last_checked_at=None,
        created_at=moment,
        updated_at=moment,
    )
