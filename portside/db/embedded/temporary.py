"""A private server that lives as long as a `with` block: what the test suite and the benchmarks run on."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portside.db.embedded import locks
from portside.db.embedded.site import site_at
from portside.db.embedded.supervisor import Attachment, attach

_PREFIX = "portside-temporary-"


@contextmanager
def temporary_server(*, pg_bin: Path | None = None, parent: Path | None = None) -> Iterator[Attachment]:
    """An attachment to a new server in a folder of its own (below `parent`, default the system's), gone afterwards.

    It is the same supervisor with the same settings; fsync stays on. Other processes may use its `dsn`, or attach to
    its `data_dir`. Folders of runs that were killed are removed by the next run.
    """
    base = Path(tempfile.gettempdir()) if parent is None else parent
    _remove_dead(base)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    try:
        with attach(folder, pg_bin=pg_bin) as attachment:
            yield attachment
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_dead(base: Path) -> None:
    for folder in base.glob(f"{_PREFIX}*"):
        site = site_at(folder)
        try:
            status = folder.lstat()
            # A young one without a lock may be another run's that has just begun.
            if status.st_uid != os.geteuid() or (not site.users.exists() and status.st_mtime > time.time() - 600):
                continue
            if _is_dead(site.users) and _is_dead(site.server):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # somebody else removed it first, or it is not ours to remove


def _is_dead(lock: Path) -> bool:
    if not lock.exists():
        return True
    descriptor = locks.take(lock)
    if descriptor is None:
        return False
    os.close(descriptor)
    return True
