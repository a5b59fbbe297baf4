"""Calling the peer through a door, for the tests of the door."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from typing import Any

import pytest

from portside.kit.http import (
    Answer,
    CarrierHosts,
    Destination,
    Door,
    SendFailed,
)

HERE = CarrierHosts(frozenset({"127.0.0.1"}))
LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    yield made
    await made.close()


async def call(door: Door, port: int, method: str = "POST", path: str = "/", **options: Any) -> Answer:
    """A request to the peer on that port, as a carrier's unless told otherwise."""
    destination: Destination = options.pop("destination", HERE)
    host = options.pop("host", "127.0.0.1")
    scheme = options.pop("scheme", "http")
    given = {"timeout": 10, "max_response_bytes": 100_000, "body": b"{}" if method != "GET" else None} | options
    return await door.send(method, f"{scheme}://{host}:{port}{path}", destination=destination, **given)


async def failure(door: Door, port: int, **options: Any) -> SendFailed:
    with pytest.raises(SendFailed) as caught:
        await call(door, port, **options)
    return caught.value
