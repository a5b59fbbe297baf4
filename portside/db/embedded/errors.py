"""What can go wrong with the private PostgreSQL; each message says what is wrong and what to do about it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from portside.errors import OperatorError

_FULL = ("No space left on device", "Disk quota exceeded", "The disk has only")  # the last is the watchdog's


class EmbeddedError(OperatorError):
    """The private PostgreSQL cannot be used; the message is written for the person who runs Portside."""


class DataDirUnusable(EmbeddedError):
    """The data directory cannot be made, reached or written, or belongs to somebody else."""


class DiskFull(EmbeddedError):
    """There is no room left where the data directory lives; nothing that was committed is lost."""


class PathTooLong(EmbeddedError):
    """The socket's path exceeds the system's limit, and this system has no way around it."""


class WrongMajorVersion(EmbeddedError):
    """The data directory was made by another major version of PostgreSQL than the binaries at hand."""


class BinariesMissing(EmbeddedError):
    """No PostgreSQL binaries were found."""


class BinariesUnusable(EmbeddedError):
    """PostgreSQL binaries were found but cannot be run here, or are too old."""


class UserUnusable(EmbeddedError):
    """The user that PostgreSQL should run as does not exist or may not be used."""


class ServerFailed(EmbeddedError):
    """PostgreSQL ended instead of coming up; the message carries its last words."""


class ServerSilent(EmbeddedError):
    """A server process lives but answers nobody, or does not end."""


class ServerRefused(EmbeddedError):
    """The server answers but will not let us in."""


class ToolFailed(EmbeddedError):
    """A PostgreSQL tool (pg_dump and its like) ended with an error; the message carries its last words."""


def from_os_error(error: OSError, doing: str, path: Path) -> EmbeddedError:
    """The error that says in our words what the operating system answered while `doing` something to `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path, f"{doing} {path}")
    reason = error.strerror or str(error)
    hint = ""
    if error.errno == errno.EACCES:
        closed = next((folder for folder in reversed(path.parents) if not os.access(folder, os.X_OK)), None)
        hint = f" The folder {closed} is closed to this user." if closed is not None and closed.exists() else ""
    return DataDirUnusable(
        f"Portside could not {doing} {path}: {reason}.{hint} Run it as a user who may, or choose another "
        "data directory (PORTSIDE_DATA_DIR)."
    )


def disk_full(path: Path, doing: str) -> DiskFull:
    """The error for a full disk, met while `doing`."""
    return DiskFull(
        f"The disk that holds {path} is full ({doing}). Nothing committed is lost: free some space, then start "
        "Portside again."
    )


def stranger(cluster: Path, evidence: str) -> ServerFailed:
    """The error for a server that runs on our files and is not ours."""
    return ServerFailed(f"A PostgreSQL that Portside did not start is using {cluster} ({evidence}). Stop it first.")


def from_last_words(words: str, cluster: Path) -> EmbeddedError:
    """The error for a PostgreSQL that ended, judged by what it said (C locale, so the texts are stable)."""
    if any(sign in words for sign in _FULL):
        return disk_full(cluster, f"PostgreSQL said: {words}")
    if "pre-existing shared memory block" in words:
        return stranger(cluster, f"PostgreSQL said: {words}")
    logs = f"; its logs are in {cluster / 'log'}" if cluster.exists() else ""
    return ServerFailed(f"PostgreSQL could not run in {cluster}{logs}. It said:\n{words}")
