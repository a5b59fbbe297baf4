"""Which addresses a stranger's URL may make us connect to: those of the public internet, plus what the operator allows.

The tables are IANA's special-purpose address registries (IPv4 and IPv6, RFC 6890, as of 2025-10), kept here because
`ipaddress.is_global` changes its answers between patch releases of Python.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_V4 = [
    (ipaddress.IPv4Network(text), reason)
    for text, reason in (
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a carrier-grade NAT network"),
        ("127.0.0.0/8", "this machine"),
        ("168.63.129.16/32", "a cloud platform's metadata service"),  # Azure; routable by its looks only
        ("169.254.0.0/16", "a link-local network"),  # 169.254.169.254 is where clouds keep their credentials
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "a reserved network"),
        ("192.0.2.0/24", "a documentation network"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "a benchmarking network"),
        ("198.51.100.0/24", "a documentation network"),
        ("203.0.113.0/24", "a documentation network"),
        ("224.0.0.0/4", "a multicast group"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved network"),
    )
]
# IPv6 is judged the other way round: only 2000::/3 has been given out as public addresses, less these.
_V6_PUBLIC = ipaddress.IPv6Network("2000::/3")
_V6 = [
    (ipaddress.IPv6Network(text), reason)
    for text, reason in (
        ("::1/128", "this machine"),
        ("::/128", "this host"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "a link-local network"),
        ("ff00::/8", "a multicast group"),
        ("2001::/32", "a Teredo tunnel"),
        ("2001::/23", "a reserved network"),
        ("2001:db8::/32", "a documentation network"),
        ("2002::/16", "a 6to4 tunnel"),
        ("3fff::/20", "a documentation network"),
    )
]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def refusal(address: Address, allowed: Iterable[Network] = ()) -> str | None:
    """Why a stranger may not send us to `address` ("a private network"), or None if they may.

    IPv4-mapped (`::ffff:0:0/96`) and NAT64 (RFC 6052) addresses are judged as the IPv4 address they end up at; other
    tunnels are refused whole. `allowed` networks win over every reason.
    """
    target = _ends_up_at(address)
    if any(target in network or address in network for network in allowed):
        return None
    if isinstance(target, ipaddress.IPv4Address):
        return next((reason for network, reason in _V4 if target in network), None)
    for network, reason in _V6:
        if target in network:
            return reason
    return None if target in _V6_PUBLIC else "a reserved network"


def _ends_up_at(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
