"""How an app is named on what it made: in answers, in event bodies and on pages."""

from __future__ import annotations

import msgspec


class AppMark(msgspec.Struct, frozen=True, kw_only=True):
    """What tells a partner's app from the others, and what people call it."""

    client_id: str
    name: str
