"""Built files for browsers, read once at start: only what the manifest names can be asked for, so no path is walked."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import msgspec

from portside.kit.render import AssetError

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
# Fonts are compressed already.
_PRESSED = frozenset({".css", ".js", ".svg"})


class StaticFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file; `pressed` is the same with gzip, where that is worth it. The entity tag is the hash in its name."""

    content: bytes
    pressed: bytes | None
    media_type: str
    tag: str


class StaticFiles:
    """All files that `npm run build` wrote and the pages name, by their hashed names."""

    def __init__(self, files: Mapping[str, StaticFile]) -> None:
        self._files = dict(files)

    @classmethod
    def load(cls, folder: Path) -> StaticFiles:
        """Read the folder of a build. Raises AssetError before the first one."""
        try:
            names = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=dict[str, str])
            return cls({name: _read(folder / name) for name in names.values()})
        except FileNotFoundError as missing:
            raise AssetError(f"{missing.filename} is missing: run `npm ci && npm run build`") from missing

    def find(self, name: str) -> StaticFile | None:
        """The file of that name; None for every other name, however it is spelt."""
        return self._files.get(name)


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(
        content=content,
        pressed=gzip.compress(content, mtime=0) if path.suffix in _PRESSED else None,
        media_type=_TYPES.get(path.suffix, "application/octet-stream"),
        tag=f'"{path.name}"',
    )
