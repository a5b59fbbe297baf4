"""The counter of the simulated carriers: what each call does, misbehaviour on request included.

Calls are documents as over HTTP (see requests.py); every one is entered in the log before it has an effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from portside.db.pool import UNREACHABLE
from portside.kit.clock import now
from portside.simulator import books, sales
from portside.simulator.clock import read_clock
from portside.simulator.dispatch import Dispatch
from portside.simulator.faults import SILENCE, Misbehaved, fail
from portside.simulator.line import Line
from portside.simulator.magic import MagicCode, Wishes
from portside.simulator.numbers import is_valid, normalise
from portside.simulator.requests import (
    BuyCall,
    CancelPickupCall,
    CheckCall,
    FindCall,
    ManifestCall,
    PickupCall,
    RatesCall,
    Refused,
    TrackCall,
    VoidCall,
    wishes_in,
)

# What a gateway in trouble shows in place of the answer.
_HTML = (
    "<!DOCTYPE html><html><head><title>503</title></head><body><h1>Service Temporarily Unavailable</h1></body></html>"
)


class _Operation(NamedTuple):
    """What a call of this name carries and who answers it."""

    takes: Any
    handler: Callable[[Any], Awaitable[dict[str, Any]]]


class Host:
    """Answers the carriers' calls of one process."""

    def __init__(self, line: Line) -> None:
        self._line = line
        dispatch = Dispatch(line)
        self._operations = {
            "check": _Operation(CheckCall, self.check),
            "rates": _Operation(RatesCall, self.rate),
            "buy": _Operation(BuyCall, self.buy),
            "find": _Operation(FindCall, self.find),
            "void": _Operation(VoidCall, self.void),
            "track": _Operation(TrackCall, self.track),
            "manifest": _Operation(ManifestCall, dispatch.manifest),
            "pickup": _Operation(PickupCall, dispatch.book),
            "cancel_pickup": _Operation(CancelPickupCall, dispatch.cancel),
        }

    async def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """One call as over HTTP: `{"status": …, "body": …}`. Raises ConnectionError when no answer comes at all."""
        found = self._operations.get(operation)
        if found is None:
            return _error(404, "unknown_operation", f"There is no operation {operation!r}.")
        try:
            given = msgspec.convert(request, found.takes)
            return {"status": 200, "body": await found.handler(given)}
        except msgspec.ValidationError as error:
            return _error(400, "malformed", str(error))
        except Refused as refused:
            return _error(refused.status, refused.code, refused.text)
        except Misbehaved as failure:
            if failure.code == "unreadable":
                return {"status": 503, "body": _HTML}
            raise ConnectionResetError("The carrier closed the connection.") from failure
        except UNREACHABLE as error:
            raise ConnectionError("The simulated carrier's host is down.") from error

    async def check(self, call: CheckCall) -> dict[str, Any]:
        """Whether the account's credentials are accepted; an account number with the word for it is not."""
        fault = wishes_in(call.account.number).failure_at("buy")
        outcome = "ok" if fault is None or fault.failure != "auth" else "auth"
        async with self._line.connection() as tx:
            await books.note_call(tx, carrier=call.carrier, account=call.account.id, operation="check", outcome=outcome)
        if outcome == "auth":
            raise Refused(401, "auth", "The account number or its key is not accepted.")
        return {}

    async def rate(self, call: RatesCall) -> dict[str, Any]:
        """Quotes. Raises Refused."""
        try:
            wishes = wishes_in(*call.shipment.texts())
            answer = await self._quotes(call, wishes.failure_at("rates"))
        except Refused as refused:
            await self._note(call, "rates", refused.code)
            raise
        await self._note(call, "rates", "ok")
        await asyncio.sleep(wishes.slow_seconds)
        return answer

    async def _quotes(self, call: RatesCall, fault: MagicCode | None) -> dict[str, Any]:
        await fail(fault)
        async with self._line.connection() as tx:
            today = (await read_clock(tx, call.account.id)).now().date()
        return {"quotes": await asyncio.to_thread(sales.quotes, call, today)}

    async def buy(self, call: BuyCall) -> dict[str, Any]:
        """Make a purchase, or give the one that its reference has made already. Raises Refused, ConnectionError."""
        number = await self._note(call, "buy", "received", reference=call.reference)
        try:
            wishes = call.wishes()
            fault = wishes.failure_at("buy")
            never_answers = fault is not None and fault.failure == "timeout_unknown_bought"
            await fail(None if never_answers else fault)
            sale = await self._purchase(call)
        except (Refused, Misbehaved) as failure:
            await self._close_call(number, failure.code)
            raise
        await self._close_call(number, "bought", sale.purchase.carrier_reference)
        await asyncio.sleep(SILENCE if never_answers else wishes.slow_seconds)
        return sales.answer(sale)

    async def _purchase(self, call: BuyCall) -> sales.Sale:
        async with self._line.connection() as tx:
            is_known = await books.find_purchase(tx, call.account.id, call.reference) is not None
            moment = (await read_clock(tx, call.account.id)).now()
            serials = [] if is_known else await books.next_serials(tx, call.carrier, len(call.shipment.parcels))
        if is_known and (known := await self._known(call.account.id, call.reference)) is not None:
            return known
        sale = await asyncio.to_thread(sales.sell, call, serials, moment, now())
        async with self._line.connection() as tx:
            is_new = await books.save_purchase(tx, sale.purchase, sale.parcels)
        if is_new:
            return sale
        # Another call with this reference was faster, or the reference is another account's.
        known = await self._known(call.account.id, call.reference)
        if known is None:
            raise Refused(400, "reference_taken", "This reference has been used.")
        return known

    async def _known(self, account: str, reference: str) -> sales.Sale | None:
        async with self._line.connection() as tx:
            purchase = await books.find_purchase(tx, account, reference)
            if purchase is None:
                return None
            parcels = await books.list_pieces(tx, reference)
        return sales.Sale(purchase, tuple(parcels), await asyncio.to_thread(sales.draw_all, parcels))

    async def find(self, call: FindCall) -> dict[str, Any]:
        """What a reference has bought. Raises Refused (404) when this account bought nothing by it."""
        known = await self._known(call.account.id, call.reference)
        await self._note(call, "find", "found" if known else "not_found", reference=call.reference)
        if known is None:
            raise Refused(404, "not_found", "Nothing was bought by this reference.")
        return sales.answer(known)

    async def void(self, call: VoidCall) -> dict[str, Any]:
        """Undo a purchase, or one piece of it, whose parcels were not handed over; once more is fine. Raises
        Refused."""
        number = await self._note(call, "void", "received")
        named = call.tracking_number or call.carrier_reference
        try:
            wishes = await self._void(call)
        except Refused as refused:
            await self._close_call(number, refused.code, named)
            raise
        await self._close_call(number, "voided", named)
        await asyncio.sleep(wishes.slow_seconds)
        return {}

    async def _void(self, call: VoidCall) -> Wishes:
        async with self._line.connection() as tx, tx.transaction():
            purchase = await books.lock_purchase(tx, call.account.id, call.carrier_reference)
            if purchase is None:
                raise Refused(400, "unknown_purchase", f"There is no purchase {call.carrier_reference[:60]!r}.")
            wishes = wishes_in(purchase.magic)
            await fail(wishes.failure_at("void"))
            moment = (await read_clock(tx, call.account.id)).now()
            pieces = await books.list_pieces(tx, purchase.reference)
            wanted = [piece for piece in pieces if call.tracking_number in (None, piece.tracking_number)]
            if not wanted:
                raise Refused(400, "unknown_parcel", f"The purchase has no parcel {call.tracking_number!r}.")
            if any(piece.voided_at is None and piece.is_handed_over(moment) for piece in wanted):
                raise Refused(400, "in_transit", "The parcel has been handed over; its label cannot be voided.")
            await books.void_pieces(tx, purchase.reference, [piece.tracking_number for piece in wanted], moment)
        return wishes

    async def track(self, call: TrackCall) -> dict[str, Any]:
        """The scans of a number up to now, whoever asks. Raises Refused: 404 for a number not in use."""
        number = normalise(call.tracking_number)
        try:
            report, wishes = await self._report(call, number)
        except Refused as refused:
            await self._note(call, "track", refused.code, tracking_number=number)
            raise
        await self._note(call, "track", "ok", tracking_number=number)
        await asyncio.sleep(wishes.slow_seconds)
        return report

    async def _report(self, call: TrackCall, number: str) -> tuple[dict[str, Any], Wishes]:
        async with self._line.connection() as tx:
            found = await books.find_parcel(tx, number)
            if found is None or found[0].carrier != call.carrier:
                if not is_valid(call.carrier, number):
                    raise Refused(400, "bad_number", f"{number[:40]!r} is not a tracking number.")
                raise Refused(404, "not_found", "No parcel has this number.")
            parcel, purchase = found
            moment = (await read_clock(tx, parcel.account)).now()
        wishes = wishes_in(purchase.magic)
        await fail(wishes.failure_at("track"))
        return parcel.report(min(moment, parcel.voided_at or moment)), wishes

    async def _note(self, call: Any, operation: str, outcome: str, **names: str) -> int:
        async with self._line.connection() as tx:
            return await books.note_call(
                tx, carrier=call.carrier, account=call.account.id, operation=operation, outcome=outcome, **names
            )

    async def _close_call(self, number: int, outcome: str, tracking_number: str | None = None) -> None:
        async with self._line.connection() as tx:
            await books.close_call(tx, number, outcome, tracking_number)


def _error(status: int, code: str, text: str) -> dict[str, Any]:
    return {"status": status, "body": {"error": {"code": code, "message": text}}}
