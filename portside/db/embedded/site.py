"""The data directory: what lies where, and the user that PostgreSQL runs as."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portside.db.embedded import errors

DEFAULT_USER = "nobody"


@dataclass(frozen=True, slots=True)
class Site:
    """One data directory. All paths are absolute."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own folder (its PGDATA) and the folder of its socket; mode 0700, owned by its user."""
        return self.data_dir / "postgres"

    @property
    def users(self) -> Path:
        return self.data_dir / "locks" / "users"

    @property
    def guard(self) -> Path:
        return self.data_dir / "locks" / "guard"

    @property
    def server(self) -> Path:
        return self.data_dir / "locks" / "server"


@dataclass(frozen=True, slots=True)
class RunAs:
    """The user PostgreSQL runs as; `switch` when that is not the user who started us (who then is root)."""

    uid: int
    gid: int
    name: str
    switch: bool

    def popen(self) -> dict[str, Any]:
        """Arguments of `subprocess` that make a child run as this user and nobody else's groups."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}


def site_at(data_dir: Path) -> Site:
    """The site at a path, touching nothing."""
    # Links are kept as written: a data directory moved behind its link stays the same data directory.
    return Site(Path(os.path.abspath(data_dir.expanduser())))  # noqa: PTH100 (Path.absolute keeps `..`)


def make(site: Site) -> None:
    """Make the data directory and its folder of locks where they are missing. Raises EmbeddedError."""
    try:
        _make_data_dir(site.data_dir)
        (site.data_dir / "locks").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise errors.from_os_error(error, "make the data directory", site.data_dir) from error


def _make_data_dir(path: Path) -> None:
    if path.is_dir() and any(path.iterdir()):
        return
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    # PostgreSQL's user must pass through to its binaries. A folder that already holds something keeps its mode: it
    # may be somebody's home.
    if os.geteuid() == 0:
        path.chmod(0o711)


def choose_user(site: Site, wanted: str) -> RunAs:
    """Who PostgreSQL runs as here: we, or if we are root the cluster's owner, or `wanted`. Raises EmbeddedError."""
    owner = site.cluster.stat().st_uid if site.cluster.exists() else None
    if os.geteuid() != 0:
        return _ourselves(site, owner)
    if owner is None:
        return _other(_entry(wanted), wanted)
    if owner == 0:
        raise errors.DataDirUnusable(
            f"{site.cluster} belongs to root, and PostgreSQL refuses to run as root. Give it back to its user: "
            f"chown -R {wanted}: {site.cluster}"
        )
    entry = _entry(owner)
    if wanted not in (DEFAULT_USER, entry.pw_name):
        raise errors.UserUnusable(
            f"{site.cluster} belongs to {entry.pw_name}, but PORTSIDE_PG_USER says {wanted}. Unset it, or stop "
            f"Portside and hand the folder over: chown -R {wanted}: {site.cluster}"
        )
    return _other(entry, entry.pw_name)


def _ourselves(site: Site, owner: int | None) -> RunAs:
    uid = os.geteuid()
    if owner not in (None, uid):
        raise errors.DataDirUnusable(
            f"{site.cluster} belongs to user id {owner}, and Portside runs as user id {uid}. Run Portside as its "
            "owner or as root, or choose another data directory (PORTSIDE_DATA_DIR)."
        )
    return RunAs(uid, os.getegid(), _entry(uid).pw_name, switch=False)


def _other(entry: pwd.struct_passwd, wanted: str) -> RunAs:
    if entry.pw_uid == 0:
        raise errors.UserUnusable(
            f"PostgreSQL refuses to run as root. Name an unprivileged user in PORTSIDE_PG_USER, not {wanted}."
        )
    return RunAs(entry.pw_uid, entry.pw_gid, entry.pw_name, switch=True)


def _entry(user: str | int) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user) if isinstance(user, str) else pwd.getpwuid(user)
    except KeyError as error:
        raise errors.UserUnusable(
            f"PostgreSQL cannot run as user {user}: the system knows no such user. Name an existing unprivileged "
            "user in PORTSIDE_PG_USER (as root), give this user id a passwd entry, or use DATABASE_URL."
        ) from error


def blocked_at(path: Path, user: RunAs) -> Path | None:
    """The first folder on the way to `path` (itself included) that the user may not pass, judged by mode bits."""
    for folder in (*reversed(path.parents), path):
        try:
            status = folder.stat()
        except OSError:
            return folder
        if not status.st_mode & _search_bit(status, user):
            return folder
    return None


def _search_bit(status: os.stat_result, user: RunAs) -> int:
    if status.st_uid == user.uid:
        return stat.S_IXUSR
    return stat.S_IXGRP if status.st_gid == user.gid else stat.S_IXOTH


def inside(folder: Path) -> str:
    """A name for `folder` that works for a child whose working directory it is, however closed its parents are.

    The child changes directory before it changes user, and a working directory needs no way in. Where there is no
    /proc the plain path has to do.
    """
    if sys.platform == "linux" and Path("/proc/self/cwd").exists():
        return "/proc/self/cwd"
    return str(folder)
