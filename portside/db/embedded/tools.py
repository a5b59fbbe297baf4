"""Runs PostgreSQL's own programs (pg_dump, pg_restore, psql …) against the private server, as the server's user."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import IO

from portside.db.embedded import cluster, errors, probe
from portside.db.embedded.site import inside
from portside.db.embedded.supervisor import Attachment

Stream = IO[bytes] | int | None


def run_tool(
    attachment: Attachment,
    name: str,
    args: Sequence[str] = (),
    *,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = subprocess.PIPE,
) -> bytes:
    """Run a program of `bin_dir` to its end; gives its standard output, empty if `stdout` is a file of yours.

    It connects as `portside` to `portside` unless told otherwise (`-U postgres` is the superuser). It may not be able
    to open files that you can, so hand it open ones: they are read and written in place. Raises ToolFailed.
    """
    site = attachment.plan.site
    try:
        done = subprocess.run(  # noqa: S603  the program is the server's own
            [attachment.bin_dir / name, *args],
            cwd=site.cluster,
            env={
                **cluster.ENVIRONMENT,
                "PGHOST": inside(site.cluster),
                "PGPORT": str(probe.PORT),
                "PGUSER": cluster.ROLE,
                "PGDATABASE": cluster.DATABASE,
                "PGAPPNAME": "portside",
            },
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            **attachment.user.popen(),
        )
    except OSError as error:
        raise errors.ToolFailed(f"{attachment.bin_dir / name} cannot be run: {error.strerror}") from error
    if done.returncode:
        words = done.stderr.decode(errors="replace")[-2000:].strip()
        raise errors.ToolFailed(f"{name} ended with status {done.returncode}:\n{words}")
    return done.stdout or b""
