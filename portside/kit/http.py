"""The one guarded door out (law 6): every HTTP request Portside makes goes through `Door.send`.

The address is judged in aiohttp's `socket_factory`, which is handed exactly the address about to be connected: an IP
literal, whatever the DNS says this time, and every address of a name are judged alike, with no moment between check
and use. Redirects are answers, not instructions. A request is written to the wire once.
"""
# ruff: noqa: TID251  (everybody else must not use aiohttp.ClientSession; this is the door)

from __future__ import annotations

import asyncio
import io
import ipaddress
import logging
import math
import re
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver

from portside.kit.destinations import (
    USER,
    BadURL,
    BlockedAddress,
    CarrierHosts,
    Destination,
    DoorError,
    Target,
    UserURL,
    read_url,
)
from portside.kit.failures import SendFailed, explain
from portside.kit.networks import Network, refusal
from portside.kit.redact import is_secret_name, redact_text
from portside.kit.resolver import ThreadResolver
from portside.kit.tripwire import NetworkInsideTransaction, assert_no_transaction

__all__ = [
    "USER",
    "Answer",
    "BadURL",
    "BlockedAddress",
    "CarrierHosts",
    "Destination",
    "Door",
    "DoorError",
    "NetworkInsideTransaction",
    "SendFailed",
    "UserURL",
]

log = logging.getLogger("portside.http")


class Answer(msgspec.Struct, frozen=True):
    """What came back. Header names are lower case; `body` is decoded of gzip and deflate and at most the asked size."""

    status: int
    headers: dict[str, str]
    body: bytes
    truncated: bool
    duration_ms: int


class _Attempt:
    """What the callbacks deep inside aiohttp learn about the request of this task."""

    __slots__ = ("_limit", "_seconds", "_wait", "blocked", "connected", "is_waiting", "started", "status")

    def __init__(self, limit: asyncio.Timeout, seconds: float, wait: float) -> None:
        self.blocked: tuple[str, str] | None = None
        self.connected = False
        self.is_waiting = False
        self.started = time.perf_counter()
        self.status: int | None = None
        self._limit = limit
        self._seconds = seconds
        self._wait = wait

    def wait(self) -> None:
        """All our connections are in use. That time is not the peer's, so it has a limit of its own."""
        self.is_waiting = True
        self._allow(self._wait)

    def go_on(self) -> None:
        self.is_waiting = False
        self.started = time.perf_counter()
        self._allow(self._seconds)

    def _allow(self, seconds: float) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time() + seconds)


class _Failed(Exception):
    """Carries a failure out past aiohttp, which would send idempotent requests again on a broken connection."""

    def __init__(self, error: Exception) -> None:
        self.error = error


_attempt: ContextVar[_Attempt] = ContextVar("portside_http_attempt")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")
# These frame the message or name the host: they belong to the door.
_OWN_HEADERS = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
# aiohttp warns when more than this is written at once; from a file object it is written in pieces.
_LARGE_BODY = 2**20
_LONGEST_DETAIL = 300


class Door:
    """One per process. Connections are kept alive, and never shared between users' URLs and carriers.

    `allowed_networks` are the private networks users' URLs may reach all the same. `extra_ca_file` adds authorities to
    the system's; verification cannot be turned off. Must be used and closed in one event loop.
    """

    def __init__(
        self,
        allowed_networks: Iterable[Network] = (),
        *,
        user_agent: str = "Portside",
        connections: int = 256,
        connections_per_host: int = 64,
        keepalive_seconds: float = 15.0,
        connect_seconds: float = 10.0,
        dns_cache_seconds: int = 10,
        extra_ca_file: str | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._allowed = tuple(allowed_networks)
        self._user_agent = user_agent
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds)
        self._connector_options: dict[str, Any] = {
            "limit": connections,
            "limit_per_host": connections_per_host,
            "keepalive_timeout": keepalive_seconds,
            "use_dns_cache": dns_cache_seconds > 0,
            "ttl_dns_cache": dns_cache_seconds,
        }
        self._resolver = resolver
        self._extra_ca_file = extra_ca_file
        self._tls: ssl.SSLContext | None = None
        self._sessions: dict[tuple[bool, bool], aiohttp.ClientSession] = {}
        self._closed = False

    def check(self, url: str, destination: Destination = USER) -> None:
        """What `send` would say of the URL without asking the DNS: for forms. Raises BadURL or BlockedAddress."""
        read_url(url, destination, self._allowed)

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float,
        destination: Destination,
        max_response_bytes: int,
        secrets: Iterable[str] = (),
        wait: float | None = None,
        apart: bool = False,
    ) -> Answer:
        """Send one request, once, and read at most `max_response_bytes` of its answer, of whatever status (3xx too).

        `timeout` is in seconds, for everything from the DNS to the last byte; `wait` (default: as long) for one of our
        connections to get free, before that. `apart`: by connections that slow peers may use up. `secrets` are kept
        out of errors, as are the values of headers that carry secrets. Raises BadURL, BlockedAddress, SendFailed,
        NetworkInsideTransaction.
        """
        assert_no_transaction(f"an outgoing {method} request")
        target = read_url(url, destination, self._allowed)
        outgoing = _checked_headers(method, headers or {})
        if not (timeout > 0 and math.isfinite(timeout)):
            raise ValueError("timeout must be a positive number of seconds")
        session = self._session(isinstance(destination, UserURL), apart)
        limit = asyncio.timeout(timeout)
        attempt = _Attempt(limit, timeout, timeout if wait is None else wait)
        token = _attempt.set(attempt)
        try:
            async with limit:
                return await _exchange(session, method, target, outgoing, body, max_response_bytes, attempt)
        # A ValueError is what the libraries below say to an address or an answer that they cannot handle.
        except (_Failed, aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
            cause = error.error if isinstance(error, _Failed) else error
        finally:
            _attempt.reset(token)
        # Raised out here so that aiohttp's error, whose text may hold the URL, is not even the context of ours.
        raise _failure(cause, attempt, target, [*secrets, *_secrets_in(outgoing)])

    def _session(self, judged: bool, apart: bool) -> aiohttp.ClientSession:
        """Made at first use, in the loop that runs then. A user's URL never rides a connection of a carrier, whose
        address was not judged."""
        if self._closed:
            raise RuntimeError("the door is closed")
        if (judged, apart) not in self._sessions:
            if self._tls is None:
                self._tls = ssl.create_default_context()
                if self._extra_ca_file:
                    self._tls.load_verify_locations(self._extra_ca_file)
            connector = aiohttp.TCPConnector(
                socket_factory=self._judged_socket if judged else _plain_socket,
                resolver=self._resolver or ThreadResolver(threads=16),
                ssl=self._tls,
                **self._connector_options,
            )
            self._sessions[judged, apart] = aiohttp.ClientSession(
                connector=connector,
                timeout=self._timeout,
                trace_configs=[_tracing()],
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                skip_auto_headers=("Content-Type",),
                headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
                middlewares=(_only_once,),
            )
        return self._sessions[judged, apart]

    def _judged_socket(self, info: Any) -> socket.socket:
        address = str(info[4][0])
        reason = refusal(ipaddress.ip_address(address), self._allowed)
        if reason is not None:
            _attempt.get().blocked = (address, reason)
            raise PermissionError("refused address")
        return _plain_socket(info)

    async def close(self) -> None:
        """Close every connection; requests under way fail. The door stays closed."""
        self._closed = True
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()


def _plain_socket(info: Any) -> socket.socket:
    return socket.socket(info[0], info[1], info[2])


async def _exchange(
    session: aiohttp.ClientSession,
    method: str,
    target: Target,
    headers: Mapping[str, str],
    body: bytes | None,
    limit: int,
    attempt: _Attempt,
) -> Answer:
    data = io.BytesIO(body) if body and len(body) > _LARGE_BODY else body
    async with session.request(method, target.url, headers=headers, data=data, allow_redirects=False) as response:
        attempt.status = response.status
        content, truncated = await _read(response, limit)
        received = _joined_headers(response)
        encoding = received.get("content-encoding", "").strip().lower()
        if encoding in ("gzip", "x-gzip", "deflate") and content:
            del received["content-encoding"]
            content, cut = _inflate(content, limit)
            truncated = truncated or cut
    return Answer(
        status=response.status,
        headers=received,
        body=content,
        truncated=truncated,
        duration_ms=round((time.perf_counter() - attempt.started) * 1000),
    )


async def _read(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """Read to the end, or drop the connection at the limit: what a peer would still send is not worth its reuse."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > limit:
            response.close()
            return bytes(content[:limit]), True
    return bytes(content), False


def _inflate(content: bytes, limit: int) -> tuple[bytes, bool]:
    """Some servers compress unasked. Done here and not by aiohttp so that the limit holds for what comes out, too."""
    machine = zlib.decompressobj(wbits=47)
    plain = machine.decompress(content, limit + 1)
    return plain[:limit], len(plain) > limit


def _joined_headers(response: aiohttp.ClientResponse) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def _checked_headers(method: str, headers: Mapping[str, str]) -> Mapping[str, str]:
    if method not in _METHODS:
        raise BadURL("The HTTP method is not one this door knows.")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise BadURL(f"The header {name!r} cannot be set.")
        if not _HEADER_VALUE.fullmatch(value):
            raise BadURL(f"The value of the header {name} contains a control character.")
    return headers


def _secrets_in(headers: Mapping[str, str]) -> list[str]:
    values = [value for name, value in headers.items() if is_secret_name(name)]
    return values + [value.partition(" ")[2] for value in values if " " in value]


async def _only_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp repeats PUT, DELETE and other idempotent methods when a kept connection breaks. Whether to repeat is the
    caller's decision, who knows what the call costs."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Failed(error) from None


def _tracing() -> aiohttp.TraceConfig:
    async def connected(_session: Any, _context: Any, _params: Any) -> None:
        _attempt.get().connected = True

    async def queued(_session: Any, _context: Any, _params: Any) -> None:
        _attempt.get().wait()

    async def chosen(_session: Any, _context: Any, _params: Any) -> None:
        _attempt.get().go_on()

    trace = aiohttp.TraceConfig()
    trace.on_connection_queued_start.append(queued)
    trace.on_connection_queued_end.append(chosen)
    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(connected)
    return trace


def _failure(cause: Exception, attempt: _Attempt, target: Target, secrets: list[str]) -> DoorError:
    if attempt.blocked is not None and not attempt.connected:
        address, reason = attempt.blocked
        log.warning("refused to connect to %s: %s is %s", target.origin, address, reason)
        return BlockedAddress(target.host, address, reason)
    kind, detail = explain(cause, is_waiting=attempt.is_waiting, is_connected=attempt.connected, status=attempt.status)
    detail = redact_text(detail, secrets)[:_LONGEST_DETAIL]
    log.debug("%s: %s: %s", target.origin, kind, detail)
    return SendFailed(kind, target.origin, detail, sent=attempt.connected, status=attempt.status)
