"""Where a request comes from, as attempts are counted."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any


def client_address(asgi_scope: Mapping[str, Any]) -> str:
    """An IPv4 address, or the /64 network that IPv6 users get."""
    client = asgi_scope.get("client")
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)
