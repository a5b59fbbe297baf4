"""Where the request that is being answered comes from, for whoever writes it down."""

from __future__ import annotations

from contextvars import ContextVar

_peer: ContextVar[str] = ContextVar("peer", default="")


def set_peer(address: str) -> None:
    """The address of the client, for this task and those it starts."""
    _peer.set(address)


def peer() -> str:
    """That address; empty in jobs and commands."""
    return _peer.get()
