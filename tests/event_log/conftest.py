"""The receivers and events of the webhook tests."""

from __future__ import annotations

from tests.webhooks.conftest import configure, nobody_else, receive

__all__ = ["configure", "nobody_else", "receive"]
