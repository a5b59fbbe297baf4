"""Where the simulated carriers are reached: a host that is called with documents, as over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

HostOperation = Literal["check", "rates", "buy", "find", "void", "track", "manifest", "pickup", "cancel_pickup"]


class CarrierHost(Protocol):
    """The carriers' computer, with the network before it."""

    async def call(self, operation: HostOperation, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """One call. The request names `carrier` and `account` (`id`, `number`) beside the operation's own keys.

        Gives `{"status": …, "body": …}` with the meanings of HTTP: the body is an object, of a refusal
        `{"error": {"code", "message"}}`, or text when something stands before the carrier's own program. Raises
        ConnectionError when there is no answer.
        """
