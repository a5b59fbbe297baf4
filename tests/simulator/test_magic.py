from __future__ import annotations

import pytest

from portside.simulator.magic import CODES, STORY_CODES, Wishes, describe, read_wishes
from portside.simulator.stories import STORIES


def test_ordinary_texts_ask_for_nothing() -> None:
    assert read_wishes("Order 1001", "", "SIMON & SON", "simulator", "MAXSIM_REFUSE") == Wishes()


@pytest.mark.parametrize("word", list(CODES))
def test_every_fault_word_is_heard_at_its_operation(word: str) -> None:
    wishes = read_wishes(f"Order 7 {word.lower()}, please")
    fault = wishes.failure_at(CODES[word].operation)
    assert fault is not None
    assert fault.code == word
    assert not wishes.unknown


@pytest.mark.parametrize("name", list(STORIES))
def test_every_story_can_be_asked_for(name: str) -> None:
    assert read_wishes(f"SIM_STORY_{name}").story == name


def test_words_may_be_combined_over_several_texts() -> None:
    wishes = read_wishes("SIM_SLOW_5S SIM_STORY_LOST", "Suite 2 SIM_VOID_REFUSE")
    assert (wishes.slow_seconds, wishes.story) == (5, "lost")
    assert wishes.failure_at("void") == CODES["SIM_VOID_REFUSE"]
    assert wishes.failure_at("buy") is None


def test_slowness_has_a_limit() -> None:
    assert read_wishes("SIM_SLOW_9999S").slow_seconds == 60


def test_misspelt_magic_is_reported() -> None:
    assert read_wishes("SIM_REFUZE", "SIM_STORY_HAPPY", "SIM_SLOW_S").unknown == (
        "SIM_REFUZE", "SIM_STORY_HAPPY", "SIM_SLOW_S",
    )  # fmt: skip


def test_the_two_unknown_outcomes_differ() -> None:
    outcomes = [read_wishes(f"SIM_TIMEOUT_UNKNOWN_{end}").failure_at("buy") for end in ("BOUGHT", "LOST")]
    assert [outcome.failure for outcome in outcomes if outcome] == ["timeout_unknown_bought", "timeout_unknown_lost"]


def test_the_documentation_lists_every_word() -> None:
    words = {word for word, _, _ in describe()}
    assert set(CODES) | set(STORY_CODES) <= words
    assert all(effect.endswith(".") for _, _, effect in describe())
