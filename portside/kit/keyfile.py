"""A secret file that is made once, whole, and for its owner's eyes only, however many processes try at once."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger("portside.keys")


def create_once(path: Path, content: Callable[[], str]) -> str:
    """The text of the file; if there is none, it is made of `content()` with mode 0600. Raises OSError.

    The file is written elsewhere, made durable and then linked into place. A link cannot replace what is there, so of
    several makers one wins and all read the winner's; and nobody ever sees half a file, not even after a power cut.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            _write(draft, content())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
            _sync_directory(path.parent)
        finally:
            draft.unlink(missing_ok=True)
    _close_to_others(path)
    return path.read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _close_to_others(path: Path) -> None:
    """A restore often loosens modes; put ours back where we may."""
    found = path.stat()
    if found.st_mode & 0o077 and found.st_uid == os.geteuid():
        log.warning("%s could be read by others; its mode is now 0600", path)
        path.chmod(0o600)
