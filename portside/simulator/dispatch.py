"""The simulated carriers' dispatch: forms that close a day, and pickups. A call's reference makes repeats harmless."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from portside.db.tx import Tx
from portside.kit.barcodes import BarcodeError
from portside.kit.fonts import FontsMissing
from portside.kit.timezones import zone_of
from portside.simulator import books, ledgers
from portside.simulator.clock import read_clock
from portside.simulator.faults import fail
from portside.simulator.label_types import Party
from portside.simulator.ledgers import Form, Handed, Pickup
from portside.simulator.line import Line
from portside.simulator.magic import Operation, Wishes
from portside.simulator.numbers import form_number
from portside.simulator.requests import (
    Address,
    CancelPickupCall,
    ManifestCall,
    PickupCall,
    Refused,
    wishes_in,
)
from portside.simulator.scan_form import draw_form

LARGEST_FORM = 500

# Who comes to fetch parcels can be called off until so long before the end of the time that was agreed.
_NOTICE = dt.timedelta(hours=1)
_SUNDAY = 6


class Dispatch:
    """Answers the calls about handing over."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def manifest(self, call: ManifestCall) -> dict[str, Any]:
        """Make a day's form, or give the one that the reference has made already. Raises Refused."""
        number = await self._note(call, "manifest", call.reference)
        try:
            async with self._line.connection() as tx, tx.transaction():
                form, wishes = await _form(tx, call)
            content = await asyncio.to_thread(_drawn, form)
        except Refused as refused:
            await self._close(number, refused.code)
            raise
        await self._close(number, "accepted")
        await asyncio.sleep(wishes.slow_seconds)
        built: dict[str, Any] = msgspec.to_builtins({"carrier_reference": form.number, "document": content})
        return built

    async def book(self, call: PickupCall) -> dict[str, Any]:
        """Book a pickup, or give the one that the reference has booked already. Raises Refused."""
        number = await self._note(call, "pickup", call.reference)
        zone = await asyncio.to_thread(zone_of, call.ship_from.country, call.ship_from.zip)
        try:
            async with self._line.connection() as tx, tx.transaction():
                pickup, wishes = await _pickup(tx, call, zone)
        except Refused as refused:
            await self._close(number, refused.code)
            raise
        await self._close(number, "booked")
        await asyncio.sleep(wishes.slow_seconds)
        built: dict[str, Any] = msgspec.to_builtins(pickup)
        return built

    async def cancel(self, call: CancelPickupCall) -> dict[str, Any]:
        """Call a pickup off; once more is fine. Raises Refused."""
        number = await self._note(call, "cancel_pickup", None)
        try:
            async with self._line.connection() as tx, tx.transaction():
                pickup = await ledgers.lock_pickup(tx, call.account.id, call.confirmation_code)
                if pickup is None:
                    raise Refused(400, "unknown_pickup", f"There is no pickup {call.confirmation_code[:40]!r}.")
                moment = (await read_clock(tx, call.account.id)).now()
                if pickup.cancelled_at is None:
                    if moment > pickup.cancel_by:
                        raise Refused(400, "too_late", "It is too late to cancel this pickup.")
                    await ledgers.cancel_pickup(tx, pickup.reference, moment)
        except Refused as refused:
            await self._close(number, refused.code)
            raise
        await self._close(number, "cancelled")
        return {}

    async def _note(self, call: Any, operation: str, reference: str | None) -> int:
        names = {} if reference is None else {"reference": reference}
        async with self._line.connection() as tx:
            return await books.note_call(
                tx, carrier=call.carrier, account=call.account.id, operation=operation, outcome="received", **names
            )

    async def _close(self, number: int, outcome: str) -> None:
        async with self._line.connection() as tx:
            await books.close_call(tx, number, outcome)


async def _form(tx: Tx, call: ManifestCall) -> tuple[Form, Wishes]:
    if not 0 < len(call.tracking_numbers) <= LARGEST_FORM:
        raise Refused(400, "too_many", f"A form lists from 1 to {LARGEST_FORM} parcels.")
    await ledgers.lock_reference(tx, call.reference)
    known = await ledgers.find_form(tx, call.account.id, call.reference)
    if known is not None:
        return known, Wishes()
    parcels = await _parcels(tx, call)
    wishes = await _wishes(parcels, "manifest", call.ship_from)
    if taken := [parcel.tracking_number for parcel in parcels if parcel.manifest]:
        raise Refused(400, "on_another_form", f"On another form already: {', '.join(taken[:5])}.")
    form = Form(
        number=form_number(await ledgers.next_serial(tx, "manifest")),
        carrier=call.carrier,
        account_number=call.account.number,
        sender=_party(call.ship_from),
        ship_date=call.ship_date,
        services=tuple(sorted(Counter(parcel.service_name for parcel in parcels).items())),
        numbers=tuple(dict.fromkeys(call.tracking_numbers)),
    )
    await ledgers.save_form(tx, call.account.id, call.reference, form, (await read_clock(tx, call.account.id)).now())
    return form, wishes


async def _pickup(tx: Tx, call: PickupCall, zone: ZoneInfo) -> tuple[Pickup, Wishes]:
    await ledgers.lock_reference(tx, call.reference)
    known = await ledgers.find_pickup(tx, call.account.id, call.reference)
    if known is not None:
        return known, Wishes()
    parcels = await _parcels(tx, call)
    wishes = await _wishes(parcels, "pickup", call.ship_from, call.instructions)
    start, end, messages = _when(call, zone)
    pickup = Pickup(
        reference=call.reference,
        carrier=call.carrier,
        account=call.account.id,
        confirmation_code=f"SIM{await ledgers.next_serial(tx, 'pickup'):09d}",
        starts_at=start,
        ends_at=end,
        cancel_by=max(start, end - _NOTICE),
        timezone=zone.key,
        messages=messages,
    )
    await ledgers.save_pickup(tx, pickup, (await read_clock(tx, call.account.id)).now())
    return pickup, wishes


def _when(call: PickupCall, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime, tuple[str, ...]]:
    """As it was asked for; but nobody comes on a Sunday."""
    start = call.start.astimezone(zone)
    if start.weekday() != _SUNDAY:
        return call.start, call.end, ()
    # Added to the local time, so that the hour stays when the clocks are changed that night.
    moved = (start + dt.timedelta(days=1)).astimezone(dt.UTC)
    return moved, moved + (call.end - call.start), ("There are no pickups on Sundays; it is on Monday.",)


async def _parcels(tx: Tx, call: ManifestCall | PickupCall) -> list[Handed]:
    """The parcels named. Raises Refused for strangers and for voided ones."""
    parcels = await ledgers.list_parcels(tx, call.carrier, call.account.id, call.tracking_numbers)
    known = {parcel.tracking_number for parcel in parcels}
    if strangers := [number for number in call.tracking_numbers if number not in known]:
        raise Refused(400, "unknown_parcel", f"No parcels of this account: {', '.join(strangers[:5])[:200]}.")
    if voided := [parcel.tracking_number for parcel in parcels if parcel.is_voided]:
        raise Refused(400, "voided", f"Voided labels: {', '.join(voided[:5])}.")
    return parcels


async def _wishes(parcels: Sequence[Handed], operation: Operation, sender: Address, *texts: str) -> Wishes:
    """What the parcels' texts and the sender's ask for here, done. Raises Refused, Misbehaved."""
    wishes = wishes_in(*(parcel.magic for parcel in parcels), sender.company, sender.street2, *texts)
    await fail(wishes.failure_at(operation))
    return wishes


def _party(address: Address) -> Party:
    return Party(**{name: getattr(address, name) for name in Party.__struct_fields__})


def _drawn(form: Form) -> bytes:
    try:
        return draw_form(form)
    except (BarcodeError, FontsMissing) as error:
        raise Refused(400, "unprintable", f"The form cannot be printed: {error}") from error
