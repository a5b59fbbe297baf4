"""Calling a carrier: never inside a transaction, always with a deadline, and failing only as CarrierError.

Retries live here and only for calls that are safe to repeat; a purchase is written to the wire once (law 4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from portside.carriers.catalogue import carrier_name
from portside.carriers.contract import (
    BuyLabel,
    CallContext,
    Capability,
    CarrierAdapter,
    ManifestForm,
    ManifestMaker,
    ManifestRequest,
    PickupBooker,
    PickupBooking,
    PickupRequest,
    Purchase,
    PushReader,
    Quote,
    RateQuery,
    TrackSnapshot,
)
from portside.carriers.errors import CarrierError
from portside.carriers.registry import find_adapter
from portside.kit.tripwire import assert_no_transaction

_log = structlog.get_logger(__name__)

T = TypeVar("T")

# One more try, this many seconds later, if the deadline leaves room for it.
_SAFE_RETRY_PAUSE = 0.2


async def rates(carrier: str, query: RateQuery, context: CallContext) -> tuple[Quote, ...]:
    """Quotes of one carrier account. Raises CarrierError."""
    adapter = _adapter(carrier, "rates")
    return await _safely(adapter, "rates", lambda: adapter.rates(query, context), context)


async def buy(carrier: str, purchase: BuyLabel, context: CallContext) -> Purchase:
    """Buy, once. Raises CarrierError; with `timeout_unknown` the outcome is open and must be settled by `find`."""
    adapter = _adapter(carrier, "labels")
    return await _once(adapter, "buy", lambda: adapter.buy(purchase, context), context, unknown=True)


async def find(carrier: str, reference: str, context: CallContext) -> Purchase | None:
    """What became of a purchase, by our reference. Raises CarrierError."""
    adapter = _adapter(carrier, "find_by_reference")
    return await _safely(adapter, "find", lambda: adapter.find(reference, context), context)


async def void(carrier: str, carrier_reference: str, context: CallContext, tracking_number: str | None = None) -> None:
    """Undo a purchase, or only the piece with that number. Raises CarrierError."""
    adapter = _adapter(carrier, "void")
    await _safely(adapter, "void", lambda: adapter.void(carrier_reference, context, tracking_number), context)


async def track(carrier: str, tracking_number: str, context: CallContext) -> TrackSnapshot | None:
    """What a carrier knows of a number; None when it does not know it. Raises CarrierError."""
    adapter = _adapter(carrier, "track")
    return await _safely(adapter, "track", lambda: adapter.track(tracking_number, context), context)


async def manifest(carrier: str, request: ManifestRequest, context: CallContext) -> ManifestForm:
    """Close a day's parcels. Raises CarrierError."""
    adapter = _adapter(carrier, "manifest")
    assert isinstance(adapter, ManifestMaker)
    return await _safely(adapter, "manifest", lambda: adapter.manifest(request, context), context)


async def book_pickup(carrier: str, request: PickupRequest, context: CallContext) -> PickupBooking:
    """Have parcels fetched. Raises CarrierError."""
    adapter = _adapter(carrier, "pickup")
    assert isinstance(adapter, PickupBooker)
    return await _safely(adapter, "pickup", lambda: adapter.book_pickup(request, context), context)


async def cancel_pickup(carrier: str, confirmation_code: str, context: CallContext) -> None:
    """Call a pickup off. Raises CarrierError."""
    adapter = _adapter(carrier, "pickup")
    assert isinstance(adapter, PickupBooker)
    await _safely(adapter, "pickup", lambda: adapter.cancel_pickup(confirmation_code, context), context)


def can(carrier: str, capability: Capability) -> bool:
    """Whether this process speaks to the carrier and the carrier offers that."""
    adapter = find_adapter(carrier)
    return adapter is not None and capability in adapter.capabilities


def push_reader(carrier: str) -> PushReader | None:
    """Who reads the carrier's pushes; None when it sends none here."""
    adapter: object = find_adapter(carrier)
    return adapter if isinstance(adapter, PushReader) and can(carrier, "push") else None


def _adapter(carrier: str, capability: Capability) -> CarrierAdapter:
    adapter = find_adapter(carrier)
    if adapter is None:
        raise CarrierError("unserviceable", f"This Portside has no connection to {carrier_name(carrier)}.")
    if capability not in adapter.capabilities:
        raise CarrierError("unserviceable", f"{adapter.name} does not offer this here.")
    return adapter


async def _safely(adapter: CarrierAdapter, operation: str, call: Callable[[], Awaitable[T]], context: CallContext) -> T:
    started = asyncio.get_running_loop().time()
    try:
        return await _once(adapter, operation, call, context)
    except CarrierError as error:
        left = context.timeout - (asyncio.get_running_loop().time() - started)
        if not error.retryable or left < 2 * _SAFE_RETRY_PAUSE:
            raise
    await asyncio.sleep(_SAFE_RETRY_PAUSE)
    return await _once(adapter, operation, call, context)


async def _once(
    adapter: CarrierAdapter,
    operation: str,
    call: Callable[[], Awaitable[T]],
    context: CallContext,
    *,
    unknown: bool = False,
) -> T:
    assert_no_transaction(f"{adapter.name} {operation}")
    try:
        async with asyncio.timeout(context.timeout):
            return await call()
    except TimeoutError as error:
        text = f"{adapter.name} did not answer within {context.timeout:g} seconds."
        raise CarrierError("timeout_unknown" if unknown else "carrier_down", text, code="carrier_timeout") from error
    except CarrierError:
        raise
    except Exception as error:
        _log.exception("adapter_failed", carrier=adapter.token, operation=operation)
        # After a purchase was begun, a defect of ours says nothing of what the carrier did.
        raise CarrierError("timeout_unknown" if unknown else "bug", f"{adapter.name}: internal error.") from error
