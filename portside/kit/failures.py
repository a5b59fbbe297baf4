"""What can go wrong on the way out, and how it is told: a kind for the code, a sentence for the log of webhooks."""

from __future__ import annotations

import os
import zlib
from typing import Literal

import aiohttp

from portside.kit.destinations import DoorError

FailureKind = Literal["busy", "dns", "connect", "tls", "timeout", "disconnected", "protocol"]


class SendFailed(DoorError):
    """No whole answer. `sent`: the request may have reached the peer, for it was connected. `status`: the answer's
    status if its head arrived and only its body did not. The kind `busy` is ours: none of our connections got free."""

    def __init__(self, kind: FailureKind, origin: str, detail: str, *, sent: bool, status: int | None = None) -> None:
        super().__init__(f"{origin}: {kind}: {detail}")
        self.kind: FailureKind = kind
        self.origin = origin
        self.detail = detail
        self.sent = sent
        self.status = status


def explain(error: Exception, *, is_waiting: bool, is_connected: bool, status: int | None) -> tuple[FailureKind, str]:
    """The kind and a sentence. Never `str(error)` of an error that names the URL."""
    match error:
        case TimeoutError() if is_waiting:
            return "busy", "none of our connections got free in time"
        case TimeoutError() if not is_connected:
            return "timeout", "no connection in time"
        case TimeoutError():
            return "timeout", "no answer in time" if status is None else "the answer did not end in time"
        case aiohttp.ClientConnectorDNSError():
            return "dns", "the name could not be resolved"
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            return "tls", str(getattr(cause, "verify_message", "") or "the certificate was refused")
        case aiohttp.ClientConnectorSSLError():
            return "tls", str(error.os_error.strerror or "the handshake failed")
        case aiohttp.ClientConnectorError():
            return "connect", _system_says(error.os_error) or "the connection failed"
        case aiohttp.ClientResponseError() | zlib.error():
            return (
                "protocol",
                f"not a valid HTTP answer: {_on_one_line(getattr(error, 'message', '')) or 'broken compression'}",
            )
        case aiohttp.ClientPayloadError():
            return "disconnected", "the connection ended within the answer"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientConnectionError() | OSError():
            return ("disconnected" if is_connected else "connect"), "the connection was closed by the peer"
        case _:
            return "protocol", "the exchange failed"


def _system_says(error: OSError) -> str:
    """`Connection refused`: the error's own text names the addresses that were tried."""
    return os.strerror(error.errno).lower() if error.errno else ""


def _on_one_line(message: str) -> str:
    """The parser shows the bad bytes on lines of their own, with a mark below."""
    lines = (line.strip() for line in message.splitlines())
    return " ".join(line for line in lines if line.strip("^"))
