"""Two servers on one database: attempts count together, and of many who finish at once one is first (law 11)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.support.patience import PATIENCE
from tests.support.process import Installation, Serving

EMAIL, PASSWORD = "alice@race.example", "rope and lantern"
SIGN_UP = {"name": "Alice", "company": "Alice Ltd", "email": EMAIL, "password": PASSWORD}


@pytest.fixture
def both(installation: Installation) -> Sequence[Serving]:
    return [installation.serve(), installation.serve("--no-worker")]


class Desk:
    """A browser at one of the servers."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def post(self, path: str, fields: dict[str, str], form: str) -> httpx.Response:
        token = re.search(r'name="_csrf_token" value="([^"]+)"', self.client.get(form).text)
        assert token
        return self.client.post(path, data={"_csrf_token": token[1], **fields})


@pytest.fixture
def sit_down() -> Iterator[Callable[[Serving], Desk]]:
    """Gives browsers, and closes them."""
    with ExitStack() as stack:

        def open_one(serving: Serving) -> Desk:
            client = httpx.Client(base_url=serving.url, headers={"Accept": "text/html"}, timeout=PATIENCE)
            return Desk(stack.enter_context(client))

        yield open_one


def handle_of(answer: httpx.Response) -> str:
    found = re.search(r"handle=([0-9a-f]{40})", answer.headers["location"])
    assert found
    return found[1]


def code_of(installation: Installation) -> str:
    for _ in range(20):
        found = re.findall(r"Your code: (\d{6})", installation.command("mail", "--to", EMAIL))
        if found:
            return str(found[-1])
    raise AssertionError("no mail came")


def test_a_sign_up_begun_at_one_server_is_finished_at_the_other_once(
    installation: Installation, both: Sequence[Serving], sit_down: Callable[[Serving], Desk]
) -> None:
    handle = handle_of(sit_down(both[0]).post("/sign-up", SIGN_UP, "/sign-up"))
    fields = {"handle": handle, "code": code_of(installation)}
    desks = [sit_down(both[number % 2]) for number in range(8)]
    with ThreadPoolExecutor(len(desks)) as threads:
        answers = list(threads.map(lambda desk: desk.post("/sign-up/code", fields, "/forgot-password"), desks))
    assert sorted(answer.status_code for answer in answers) == [303] + [422] * 7
    winner = next(desk for desk, answer in zip(desks, answers, strict=True) if answer.status_code == 303)
    assert EMAIL in winner.client.get("/app/orders").text


def test_attempts_at_both_servers_count_together(both: Sequence[Serving], sit_down: Callable[[Serving], Desk]) -> None:
    desks = [sit_down(serving) for serving in both]
    sign_ups = [desks[number % 2].post("/sign-up", SIGN_UP, "/sign-up").status_code for number in range(6)]
    assert sign_ups == [303] * 5 + [429]
    wrong = {"email": EMAIL, "password": "wrong"}
    signs_in = [desks[number % 2].post("/sign-in", wrong, "/sign-in").status_code for number in range(12)]
    assert signs_in == [422] * 10 + [429] * 2
    forgot = [desks[n % 2].post("/forgot-password", {"email": EMAIL}, "/forgot-password") for n in range(6)]
    assert [answer.status_code for answer in forgot] == [200] * 5 + [429]
