"""Asks a server whether it lets people in, by the first few messages of PostgreSQL's own protocol.

PostgreSQL 15 manual, chapter 55 "Frontend/Backend Protocol", 55.2.1 "Start-up" and 55.7 "Message Formats". A driver
is asynchronous and a tool takes a process; this takes a millisecond and works before any event loop runs.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from portside.db.embedded import errors

PORT = 5432
_SOCKET = f".s.PGSQL.{PORT}"
_LONGEST = 107 if sys.platform == "linux" else 103  # bytes of sockaddr_un.sun_path, without its final zero
_PROTOCOL = 3 << 16
# admin_shutdown, crash_shutdown, cannot_connect_now: it lives, but comes or goes (Appendix A, "Error Codes").
_NOT_NOW = ("57P01", "57P02", "57P03")
_TOO_MANY_CONNECTIONS = "53300"

State = Literal["ready", "starting", "silent", "refused"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `silent`: nobody listens; `starting`: also recovering or shutting down."""

    state: State
    text: str = ""
    server_version: str = ""


class SocketFolder:
    """The folder of the socket by a name short enough for a socket's path.

    Over the limit the name is /proc/self/fd/N of a descriptor of the folder: it works in this process only, and as
    long as this object is open.
    """

    def __init__(self, folder: Path) -> None:
        self.descriptor: int | None = None
        self.path = str(folder)
        if len(os.fsencode(folder / _SOCKET)) <= _LONGEST:
            return
        if sys.platform != "linux" or not Path("/proc/self/fd").exists():
            raise errors.PathTooLong(
                f"The database's socket {folder / _SOCKET} has a longer path than this system allows ({_LONGEST} "
                "bytes). Choose a data directory with a shorter path (PORTSIDE_DATA_DIR)."
            )
        self.descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.path = f"/proc/self/fd/{self.descriptor}"

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


def ask(folder: Path, timeout: float = 2.0) -> Answer:
    """Try to get in through the socket in `folder`, giving up after `timeout` seconds without a word."""
    try:
        with _connected(folder, timeout) as connection:
            return _converse(connection)
    except (OSError, EOFError) as error:
        return Answer("silent", str(error))


def postmaster_pid(folder: Path) -> int | None:
    """The process that listens on the socket in `folder`, by the kernel's word; None if nobody does or it won't say."""
    if sys.platform != "linux":
        return None
    try:
        with _connected(folder, 2.0) as connection:
            # For a listening unix socket the peer's credentials are those of whoever called listen(): unix(7).
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    except OSError:
        return None
    return int(struct.unpack("3i", credentials)[0])


def _connected(folder: Path, timeout: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        short = SocketFolder(folder)
        try:
            connection.settimeout(timeout)
            connection.connect(f"{short.path}/{_SOCKET}")
        finally:
            short.close()
    except BaseException:
        connection.close()
        raise
    return connection


def _converse(connection: socket.socket) -> Answer:
    words = b"user\0postgres\0database\0postgres\0application_name\0portside start-up\0\0"
    connection.sendall(struct.pack("!ii", len(words) + 8, _PROTOCOL) + words)
    version = ""
    for kind, body in _messages(_Reader(connection)):
        if kind == b"E":
            return _refusal(body)
        if kind == b"R" and body != b"\0\0\0\0":
            return Answer("refused", "it asks for a password although its pg_hba.conf was written by Portside")
        if kind == b"S" and body.startswith(b"server_version\0"):
            version = body.split(b"\0")[1].decode()
        if kind == b"Z":
            connection.sendall(b"X\0\0\0\4")
            return Answer("ready", server_version=version)
    return Answer("silent")


def _refusal(body: bytes) -> Answer:
    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    text = fields.get(b"M", "")
    code = fields.get(b"C")
    if code in _NOT_NOW:
        return Answer("starting", text)
    return Answer("ready" if code == _TOO_MANY_CONNECTIONS else "refused", text)


@dataclass(slots=True)
class _Reader:
    connection: socket.socket
    buffer: bytearray = field(default_factory=bytearray)

    def take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            more = self.connection.recv(4096)
            if not more:
                raise EOFError("the server hung up")
            self.buffer += more
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken


def _messages(reader: _Reader) -> Iterator[tuple[bytes, bytes]]:
    while True:
        kind, size = struct.unpack("!ci", reader.take(5))
        yield kind, reader.take(size - 4)
