"""Portside's private PostgreSQL: every process attaches to it, the first one starts it, the last one stops it.

What is promised: a server that is up stays up while one attached process lives, and is shut down cleanly within a
moment of the last one's end, however it ended. Any process may be killed at any time; committed rows stay (fsync is
never off) and no process stays behind. Nothing on the machine is changed outside the data directory, except that root
with a data directory that PostgreSQL's user cannot reach keeps the binaries in /var/cache/portside.

How: `supervisor` attaches and starts, `watchdog` (a process of its own) owns the server, `locks` says who lives,
`cluster` makes the database and its settings, `binaries` finds the programs, `probe` asks a server how it is, `tools`
runs pg_dump and its like, `temporary` serves tests. Works on Linux and, with a pipe instead of the kernel's
parent-death signal, on other Unix systems.
"""

from portside.db.embedded.binaries import binaries_version, carrier
from portside.db.embedded.errors import (
    BinariesMissing,
    BinariesUnusable,
    DataDirUnusable,
    DiskFull,
    EmbeddedError,
    PathTooLong,
    ServerFailed,
    ServerRefused,
    ServerSilent,
    ToolFailed,
    UserUnusable,
    WrongMajorVersion,
)
from portside.db.embedded.supervisor import Attachment, attach, running, server_version
from portside.db.embedded.temporary import temporary_server
from portside.db.embedded.tools import run_tool

__all__ = [
    "Attachment",
    "BinariesMissing",
    "BinariesUnusable",
    "DataDirUnusable",
    "DiskFull",
    "EmbeddedError",
    "PathTooLong",
    "ServerFailed",
    "ServerRefused",
    "ServerSilent",
    "ToolFailed",
    "UserUnusable",
    "WrongMajorVersion",
    "attach",
    "binaries_version",
    "carrier",
    "run_tool",
    "running",
    "server_version",
    "temporary_server",
]
