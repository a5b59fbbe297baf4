"""Which carriers this process speaks to; installed at start, one line per adapter in `startup.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portside.carriers.contract import CarrierAdapter

_adapters: dict[str, CarrierAdapter] = {}


def install(adapters: Iterable[CarrierAdapter]) -> None:
    """Give this process its carriers."""
    _adapters.clear()
    _adapters.update({adapter.token: adapter for adapter in adapters})


def adapters() -> Mapping[str, CarrierAdapter]:
    """All of them, by token."""
    return _adapters


def find_adapter(token: str) -> CarrierAdapter | None:
    """The adapter of a carrier token, if this process has one."""
    return _adapters.get(token)
