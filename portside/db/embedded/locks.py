"""Whole-file locks (flock) that say who lives. The kernel drops them with their last holder, however it died.

Three files, never deleted while the data directory exists:

* `users`: shared by every Portside process on the data directory; the watchdog takes it alone to stop the server.
* `guard`: held by whoever is bringing the server up, and then by the watchdog. Nobody else inherits it.
* `server`: handed from the watchdog to PostgreSQL and all its children. Taking it proves that none of them lives.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def take(path: Path, *, shared: bool = False) -> int | None:
    """Lock the file and give the descriptor (closed on exec), or None if somebody holds it. Raises OSError."""
    return _locked(path, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def wait_for(path: Path) -> int:
    """Lock the file alone, waiting for others: only for a lock that others hold for an instant. Raises OSError."""
    while True:
        descriptor = _locked(path, fcntl.LOCK_EX)
        if descriptor is not None:
            return descriptor


def is_held(path: Path) -> bool:
    """Whether somebody holds the file alone. Makes nothing; the test itself is a shared lock for an instant."""
    return not _could_lock(path, fcntl.LOCK_SH)


def is_shared(path: Path) -> bool:
    """Whether somebody holds the file together with others, as opposed to alone or not at all."""
    return not _could_lock(path, fcntl.LOCK_EX) and _could_lock(path, fcntl.LOCK_SH)


def _locked(path: Path, operation: int) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, operation)
        # The data directory may have been removed and made again while we waited: then this is a lock on nothing.
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _could_lock(path: Path, operation: int) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
