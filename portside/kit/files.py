"""The file store: labels and documents by key, on local disk or in a bucket (bucket.py); read through signed links."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path
from typing import Protocol

from portside.errors import Unavailable
from portside.kit.tripwire import assert_no_transaction

_KEY = re.compile(r"[a-z0-9_-]+(?:/[a-z0-9_.-]+)+")


class NoSuchFile(Exception):
    """Nothing is stored under that key."""


class StoreUnavailable(Unavailable):
    """503: the file store does not take or give files now; what went wrong is in the log or in the cause."""

    def __init__(self, message: str = "Files cannot be stored or read just now. Try again shortly.") -> None:
        super().__init__(message)


class FileStore(Protocol):
    """Keys look like `labels/<account>/<id>.pdf`. A put is atomic, durable once it returns, and may be repeated.

    None may be called inside a transaction (law 2).
    """

    async def put(self, key: str, content: bytes) -> None:
        """Store `content`; an older file of that key is replaced. Raises StoreUnavailable."""

    async def get(self, key: str) -> bytes:
        """The content. Raises NoSuchFile, StoreUnavailable."""

    async def remove(self, key: str) -> None:
        """Forget the file, if there is one. Raises StoreUnavailable."""


class LocalFiles:
    """The file store in a folder. Two hosts that serve one database need a folder that both of them see."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, content: bytes) -> None:
        assert_no_transaction("storing a file")
        path = self._folder / checked_key(key)
        try:
            await asyncio.to_thread(_write, path, content)
        except OSError as error:
            raise StoreUnavailable from error

    async def get(self, key: str) -> bytes:
        assert_no_transaction("reading a file")
        path = self._folder / checked_key(key)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NoSuchFile(key) from error
        except OSError as error:
            raise StoreUnavailable from error

    async def remove(self, key: str) -> None:
        assert_no_transaction("removing a file")
        path = self._folder / checked_key(key)
        try:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise StoreUnavailable from error


def checked_key(key: str) -> str:
    """The key if it is one, and so leads nowhere else. Raises NoSuchFile."""
    if not _KEY.fullmatch(key) or ".." in key:
        raise NoSuchFile(key)
    return key


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
