"""The manual's tables are the simulator's own: a new magic word or story is a visible difference there."""

from __future__ import annotations

import os

import pytest

from portside.simulator.magic import describe
from portside.simulator.stories import DEFAULT_STORY, STORIES
from tests.house.source import ROOT

MANUAL = ROOT / "docs/simulator.md"


# What the simulated carriers can be asked so far; words for other operations would promise too much.
_OPERATIONS = ("rates", "buy", "void", "track", "pickup", "manifest", "all")


def words() -> list[str]:
    rows = [
        f"| `{word}` | {operation} | {effect} |"
        for word, operation, effect in describe()
        if operation in _OPERATIONS and not word.startswith("SIM_STORY_")
    ]
    return ["| word | where | what happens |", "|---|---|---|", *rows]


def stories() -> list[str]:
    rows = []
    for name, story in STORIES.items():
        shown = f"`{name}`, unless you choose" if name == DEFAULT_STORY else f"`{name}`"
        rows.append(f"| {shown} | `SIM_STORY_{name.upper()}` | {story.tells} |")
    return ["| story | word | what it tells |", "|---|---|---|", *rows]


@pytest.mark.parametrize(("name", "rows"), [("words", words()), ("stories", stories())])
def test_the_manual_is_up_to_date(name: str, rows: list[str]) -> None:
    text = MANUAL.read_text(encoding="utf-8")
    before, start, rest = text.partition(f"<!-- {name}: ")
    mark, _, rest = rest.partition("-->")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    assert start and end
    renewed = f"{before}{start}{mark}-->\n" + "\n".join(rows) + f"\n{end}{after}"
    if os.environ.get("PORTSIDE_FREEZE"):
        MANUAL.write_text(renewed, encoding="utf-8")
        text = renewed
    assert text == renewed
