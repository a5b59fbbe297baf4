"""The type of an open database unit: a module of its own, so that an action can name it but not begin one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    PoolConnection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
    Tx: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
else:
    PoolConnection = Tx = asyncpg.Connection

Row: TypeAlias = "asyncpg.Record"
