"""Where the door may go: the rules for a URL before anything is connected, and the errors they end in."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import SplitResult, quote, urlsplit

import msgspec
from yarl import URL

from portside.kit.networks import Network, refusal


class DoorError(Exception):
    """The request was not made or not answered. `sent`: it may have reached the peer."""

    sent = False


class BadURL(DoorError, ValueError):
    """The URL, a header or the method cannot be used; the message says why and holds no secret."""


class BlockedAddress(DoorError):
    """The URL leads to an address strangers may not send us to. The message does not tell them which."""

    def __init__(self, host: str, address: str, reason: str) -> None:
        super().__init__(f"{host} leads to {reason}, which may not be called.")
        self.host = host
        self.address = address
        self.reason = reason


class UserURL(msgspec.Struct, frozen=True):
    """A URL a user gave us: any host, but only public addresses and the operator's allowed networks."""


class CarrierHosts(msgspec.Struct, frozen=True):
    """A carrier's own hosts, declared by its adapter: `name` (any port) or `name:port`; no other host is called.

    Their addresses are not judged, for the names are ours. Plain http is spoken to this machine only, unless
    `plain_http` says that the host is one of the operator's own network.
    """

    hosts: frozenset[str]
    plain_http: bool = False


Destination = UserURL | CarrierHosts
USER = UserURL()


class Target(msgspec.Struct, frozen=True):
    """A URL that passed. `url` is put together from the checked parts, so no second parser can read it otherwise."""

    url: URL
    host: str
    port: int

    @property
    def origin(self) -> str:
        """`https://host:port`, safe to log: paths and queries of users' URLs may hold tokens."""
        return f"{self.url.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


_LONGEST_URL = 8000
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_BRACKETED = re.compile(r"\[[^\[\]]+\](?::\d*)?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_PATH_SAFE = "/%:@!$&'()*+,;=-._~?[]{}|^`\"<>"


def read_url(url: str, destination: Destination, allowed: Iterable[Network] = ()) -> Target:
    """Judge what can be judged without asking the DNS. Raises BadURL, or BlockedAddress for an address in plain sight.

    Hosts written as decimal, octal, hex or shortened IPv4 numbers become the dotted address they stand for.
    """
    parts = _split(url)
    host = _host(parts)
    port = _port(parts)
    if isinstance(destination, CarrierHosts):
        _check_carrier(destination, parts.scheme, host, port)
    else:
        address = _literal(host)
        reason = refusal(address, allowed) if address is not None else None
        if reason is not None:
            raise BlockedAddress(host, host, reason)
    explicit = port if parts.port is not None else None
    path, query = (quote(text, safe=_PATH_SAFE) for text in (parts.path or "/", parts.query))
    shown = f"[{host}]" if ":" in host else host
    built = URL.build(scheme=parts.scheme, host=shown, port=explicit, path=path, query_string=query, encoded=True)
    return Target(url=built, host=host, port=port)


def _split(url: str) -> SplitResult:
    if len(url) > _LONGEST_URL:
        raise BadURL(f"The URL is longer than {_LONGEST_URL} characters.")
    if _UNSAFE.search(url):
        raise BadURL("The URL contains a space, a backslash or a control character.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadURL("The URL cannot be read.") from None
    if parts.scheme not in ("http", "https"):
        raise BadURL("The URL must begin with http:// or https://.")
    if "@" in parts.netloc:
        raise BadURL("The URL must not contain a user name or password.")
    return parts


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is None:
        return 443 if parts.scheme == "https" else 80
    if not port:
        raise BadURL("The URL's port must be a number from 1 to 65535.")
    return port


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc or "]" in parts.netloc:
        # urlsplit reads `[::1]example.com` as `::1` and forgets the rest.
        if not _BRACKETED.fullmatch(parts.netloc):
            raise BadURL("The URL has no valid host.")
        return _ipv6(host)
    if "%" in host:
        raise BadURL("The URL's host must not be percent-encoded.")
    host = _idna(host).removesuffix(".")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        return _ipv4(host)
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise BadURL("The URL has no valid host.")
    return host


def _idna(host: str) -> str:
    """Names of other scripts in their DNS form, which also turns full-width digits and dots into plain ones."""
    if host.isascii():
        return host.lower()
    try:
        return URL.build(scheme="http", host=host).raw_host or ""
    except ValueError:
        raise BadURL("The URL has no valid host.") from None


def _ipv4(host: str) -> str:
    """Read numbers as connect() would (inet_aton: decimal, octal, hex, one to four parts)."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        raise BadURL("The URL's host is not a valid address.") from None


def _ipv6(host: str) -> str:
    if "%" in host:
        raise BadURL("The URL's host must not have a zone.")
    try:
        return str(ipaddress.IPv6Address(host))
    except ValueError:
        raise BadURL("The URL's host is not a valid address.") from None


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _check_carrier(destination: CarrierHosts, scheme: str, host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    if not destination.hosts & {shown, host, f"{shown}:{port}"}:
        raise BadURL(f"{shown} is not among the hosts this carrier declares.")
    address = _literal(host)
    here = host == "localhost" or (address is not None and address.is_loopback)
    if scheme == "http" and not here and not destination.plain_http:
        raise BadURL(f"{shown} must be called over https.")
