"""Every template renders with what it says it needs, and what comes out obeys the page's Content-Security-Policy."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from tests.web.preview import DIST, WEB, render_all, templates
from tests.web.samples import SCENES
from tests.web.samples.order_list import order_list

PAGES = render_all()

# Names that XML needs; no browser ever asks for them.
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


class Tags(HTMLParser):
    """All start tags with their attributes, and the text inside <script> and <style>."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.inline += data.strip()


@pytest.fixture(params=sorted(PAGES))
def tags(request: pytest.FixtureRequest) -> Tags:
    return Tags(PAGES[request.param])


def test_every_template_has_a_sample() -> None:
    shown = {template for template, _ in SCENES.values()}
    parts = ("macros/", "oauth/_mode", "oauth/_cancel")
    partial = {name for name in templates().names() if name.startswith(parts)}
    frames = {"layout.html", "auth_layout.html", "settings/_layout.html", "oauth/_layout.html"}
    assert shown | partial | frames == set(templates().names())


def test_every_template_opens_with_its_context() -> None:
    for name in templates().names():
        assert (WEB / "templates" / name).read_text(encoding="utf-8").startswith("{#"), name


def test_a_name_that_the_page_forgot_is_an_error() -> None:
    context = order_list()
    del context["page"]
    with pytest.raises(UndefinedError, match="page"):
        templates().render("orders/list.html", context)


def test_nothing_inline_runs_or_styles(tags: Tags) -> None:
    assert tags.inline == ""
    for tag, attributes in tags.tags:
        for name, value in attributes.items():
            assert not name.startswith(("on", "hx-on", "style")), (tag, name)
            assert not (value or "").lower().lstrip().startswith(("javascript:", "js:")), (tag, name)


def test_the_page_asks_no_other_host(tags: Tags) -> None:
    for tag, attributes in tags.tags:
        for name in ("href", "src", "srcset", "action", "formaction", "hx-get", "hx-post", "poster", "data"):
            assert not re.match(r"(?i)(https?:)?//", attributes.get(name) or ""), (tag, name)


def test_ids_are_unique_and_labels_point_at_something(tags: Tags) -> None:
    ids = [value for _, attributes in tags.tags if (value := attributes.get("id"))]
    assert len(ids) == len(set(ids))
    for _, attributes in tags.tags:
        for name in ("for", "aria-labelledby", "aria-describedby"):
            assert set((attributes.get(name) or "").split()) <= set(ids), attributes


def test_the_csrf_token_is_in_every_form_that_posts(tags: Tags) -> None:
    forms = [
        index
        for index, (tag, attributes) in enumerate(tags.tags)
        if tag == "form" and attributes.get("method") == "post"
    ]
    for index in forms:
        # On the connect page, which knows no cookie in a frame, the name of the interaction is the proof.
        assert tags.tags[index + 1][1].get("name") in ("_csrf_token", "handle")


def test_htmx_sends_the_csrf_token_from_every_element() -> None:
    body = next(attributes for tag, attributes in Tags(PAGES["orders"]).tags if tag == "body")
    assert json.loads(body["hx-headers:inherited"] or "") == {"x-csrftoken": "sample-token"}


def test_built_files_ask_no_other_host() -> None:
    for path in [*DIST.glob("*.css"), *DIST.glob("*.js")]:
        # It names standards and help pages; that it asks nobody is watched in a browser (test_docs.py).
        if path.name.startswith("swagger-ui-bundle"):
            continue
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"https?://[^\s\"'`)<>\\]+", text)) <= NAMESPACES, path.name
        assert not re.findall(r"url\(\s*[\"']?//", text), path.name


def test_every_asset_of_a_page_was_built(tags: Tags) -> None:
    for _, attributes in tags.tags:
        for name in ("href", "src"):
            value = attributes.get(name) or ""
            if value.startswith("/static/"):
                assert (DIST / value.removeprefix("/static/")).is_file(), value


def test_waiting_parts_poll_and_final_ones_do_not() -> None:
    assert 'hx-trigger="load delay:500ms, live, every 5s"' in PAGES["fragment-label-queued"]
    assert 'hx-trigger="live, every 30s"' in PAGES["fragment-label-refunded"]
    assert 'data-live="track_updated" data-live-of="t1"' in PAGES["order-bought"]
    assert "hx-trigger" not in PAGES["fragment-track"]


def test_the_bought_label_brings_the_rest_of_the_page_up_to_date() -> None:
    targets = [a["hx-target"] for tag, a in Tags(PAGES["fragment-label"]).tags if tag == "hx-partial"]
    assert targets == ["#order-status", "#count-orders", "#ship", "#tracking"]


def test_mode_is_unmistakable() -> None:
    assert "Test mode" in PAGES["orders-test"]
    assert "Test mode" not in PAGES["orders"]


def test_djlint_finds_nothing() -> None:
    command = [sys.executable, "-m", "djlint", str(WEB / "templates"), "--lint", "--quiet"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
