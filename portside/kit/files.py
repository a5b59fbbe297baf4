"""The file store: labels and documents by key, on local disk; read back through signed links only."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path

from portside.kit.tripwire import assert_no_transaction

_KEY = re.compile(r"[a-z0-9_-]+(?:/[a-z0-9_.-]+)+")


class NoSuchFile(Exception):
    """Nothing is stored under that key."""


class FileStore:
    """Keys look like `labels/<account>/<id>.pdf`. A put is atomic, durable once it returns, and may be repeated."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, content: bytes) -> None:
        """Store `content`; an older file of that key is replaced."""
        assert_no_transaction("storing a file")
        await asyncio.to_thread(self._write, self._path(key), content)

    async def get(self, key: str) -> bytes:
        """The content. Raises NoSuchFile."""
        assert_no_transaction("reading a file")
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError as error:
            raise NoSuchFile(key) from error

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key) or ".." in key:
            raise NoSuchFile(key)
        return self._folder / key

    def _write(self, path: Path, content: bytes) -> None:
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
