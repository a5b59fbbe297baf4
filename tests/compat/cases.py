"""Cases that a client's own language runs: which there are, and how each ended.

A script prints a line of JSON per case, `{"name": …, "error": null or what went wrong}`. The names are read from its
source too, so that a case which was not reached is a failure.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE

_NAME = re.compile(r"""\bcheck\(\s*(["'])(.+?)\1""")

Outcomes = dict[str, str | None]


def names_in(*sources: Path) -> list[str]:
    """The names of the cases that these sources declare."""
    names = [match[2] for source in sources for match in _NAME.finditer(source.read_text(encoding="utf-8"))]
    assert names and len(set(names)) == len(names), names
    return names


def run_cases(command: Sequence[str | Path], environ: Mapping[str, str], given: str = "") -> Outcomes:
    """Run a script; gives the error of every case that it reported, None for those that went well."""
    done = subprocess.run(
        command, env=environ, input=given, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    outcomes = {line["name"]: line["error"] for line in lines}
    if done.returncode:
        outcomes["the script itself"] = done.stderr
    return outcomes


def report(outcomes: Outcomes, names: Sequence[str], subtests: pytest.Subtests) -> None:
    """A report for every case; one that failed tells what the client said."""
    for name in names:
        with subtests.test(name):
            if name not in outcomes:
                raise AssertionError(
                    f"it was not reached: {outcomes.get('the script itself', 'the script ended early')}"
                )
            error = outcomes[name]
            if error is not None:
                raise AssertionError(error)
