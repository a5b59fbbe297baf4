"""In a real browser, under the Content-Security-Policy: keyboard, picking, dialogs, theme, parts that refresh."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from portside.web.answers import POLICY
from tests.support.browser import headless
from tests.support.patience import PATIENCE_MS
from tests.web.preview import DIST, templates
from tests.web.samples import REFRESH, SCENES, fragment
from tests.web.samples.order_page import label, order_page, parcel, rates, rating, track

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
STREAM = "/app/live/sample"

Answer = tuple[int, str]


class Site:
    """Serves sample pages and built files; `answers` are the paths that a test decides."""

    def __init__(self) -> None:
        self.engine = templates()
        self.answers: dict[str, Callable[[], Answer]] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply(*site.answer(self.path.partition("?")[0]))

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.do_GET()

            def _reply(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-security-policy", POLICY)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing: the test's own report is enough."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        if path.startswith("/static/"):
            file = DIST / path.removeprefix("/static/")
            return 200, TYPES[file.suffix], file.read_bytes()
        if path in self.answers:
            status, html = self.answers[path]()
            kind = "text/event-stream" if path == STREAM else "text/html; charset=utf-8"
            return status, kind, html.encode()
        return 204, "text/html", b""

    def show(self, path: str, template: str, context: dict[str, Any]) -> None:
        self.answers[path] = lambda: (200, self.engine.render(template, context))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with headless() as browser:
        yield browser


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page that fails the test on any error in the console, which includes every violation of the policy."""
    context = browser.new_context(base_url=site.url, color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    # The browser itself reports answers of 4xx and 5xx, which some tests ask for.
    assert [text for text in wrong if not text.startswith("Failed to load resource")] == []


def open_scene(page: Page, site: Site, name: str) -> None:
    site.show("/", *SCENES[name])
    page.goto("/")


def test_j_and_k_move_and_x_picks_rows(page: Page, site: Site) -> None:
    open_scene(page, site, "orders")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="LR-1042")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.get_by_role("link", name="LR-1041")).to_be_focused()
    bar = page.locator("[data-picked-bar]")
    expect(bar).to_be_hidden()
    page.keyboard.press("x")
    expect(page.get_by_label("Select order LR-1041")).to_be_checked()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(bar).to_contain_text("3 selected")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_shift_click_picks_a_range_and_the_head_box_all(page: Page, site: Site) -> None:
    open_scene(page, site, "orders")
    page.get_by_label("Select order LR-1042").click()
    page.get_by_label("Select order LR-1038").click(modifiers=["Shift"])
    expect(page.locator("[data-picked-count]")).to_have_text("5")
    page.get_by_label("Select all orders").click()
    expect(page.locator("[data-picked-count]")).to_have_text("12")
    page.get_by_role("button", name="Clear the selection").click()
    expect(page.locator("[data-pick]:checked")).to_have_count(0)


def test_keys_search_and_help_but_typing_stays_typing(page: Page, site: Site) -> None:
    open_scene(page, site, "orders")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("jx?")
    expect(search).to_have_value("jx?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    help_dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help_dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_dialog).to_be_hidden()


def test_the_theme_is_kept_before_the_first_paint(page: Page, site: Site) -> None:
    open_scene(page, site, "orders")
    page.locator(".side summary").click()
    page.locator(".side").get_by_role("button", name="Dark").click()
    page.goto("/")
    assert page.evaluate("document.documentElement.dataset.theme") == "nightwatch"
    page.locator(".side summary").click()
    page.locator(".side").get_by_role("button", name="As the system").click()
    assert page.evaluate("document.documentElement.dataset.theme ?? ''") == ""


def test_destructive_forms_ask_first(page: Page, site: Site) -> None:
    open_scene(page, site, "settings-tokens")
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    for choice in ("Cancel", "Continue"):
        page.get_by_role("row", name="Trial").locator("summary").click()
        page.get_by_role("button", name="Revoke token").click()
        dialog = page.get_by_role("dialog", name="Are you sure?")
        expect(dialog).to_contain_text("Revoke “Trial”?")
        assert posted == []
        dialog.get_by_role("button", name=choice).click()
        expect(dialog).to_be_hidden()
    page.wait_for_load_state()
    assert len(posted) == 1


def test_a_form_that_came_back_with_errors_is_open(page: Page, site: Site) -> None:
    open_scene(page, site, "settings-tokens-empty")
    expect(page.get_by_role("dialog", name="Create API token")).to_contain_text("Give it a name.")


def test_from_parcel_to_tracked_label_without_reload(page: Page, site: Site) -> None:
    site.show("/", "orders/detail.html", order_page())
    site.show("/rates", "orders/_rates.html", fragment(rating=rating("ready", rates()), parcel_again=None))
    site.show("/buy", "orders/_label.html", fragment(label=label("QUEUED"), refresh=None))
    site.show("/label", "orders/_label.html", fragment(label=label("SUCCESS"), refresh=REFRESH))
    site.show("/track", "orders/_timeline.html", fragment(track=track("DELIVERED", None, final=True)))
    # A short stream that the browser comes back to, so that what it tells is told again and again.
    heard: list[str] = []
    site.answers[STREAM] = lambda: (200, "retry: 200\n\n" + "".join(heard))
    page.goto("/")
    page.evaluate("window.sameDocument = true")
    page.get_by_label("Package").select_option("s")
    expect(page.get_by_role("textbox", name="Length")).to_have_value("20")
    page.get_by_role("button", name="Get rates").click()
    expect(page.get_by_role("button", name="Buy label")).to_have_text("Buy label · €8.45")
    page.get_by_text("Harbour Post Parcel").click()
    page.get_by_role("button", name="Buy label · €6.90").click()
    expect(page.locator("#label-l1")).to_contain_text("In progress")
    expect(page.get_by_role("link", name="Open PDF")).to_be_visible()
    expect(page.locator("#order-status")).to_have_text("Shipped")
    expect(page.locator("#ship")).to_be_hidden()
    expect(page.locator("#track")).to_contain_text("No scans yet")
    heard.append('event: news\nid: 1\ndata: [["track_updated","t1",2]]\n\n')
    expect(page.locator("#track")).to_contain_text("Out for delivery")
    expect(page.locator("#track .panel-head .status")).to_have_text("Delivered")
    assert page.evaluate("window.sameDocument")


def test_errors_of_the_parcel_come_back_into_its_form(page: Page, site: Site) -> None:
    site.show("/", "orders/detail.html", order_page())
    html = site.engine.render("orders/_parcel.html", fragment(parcel=parcel(weight="Enter a weight above 0.")))
    site.answers["/rates"] = lambda: (422, html)
    page.goto("/")
    page.get_by_role("button", name="Get rates").click()
    expect(page.locator("#parcel")).to_contain_text("Enter a weight above 0.")
    expect(page.locator("#rates")).to_contain_text("Check the parcel")


@pytest.mark.parametrize(("status", "told"), [(500, "Something went wrong."), (404, "This is no longer there.")])
def test_a_refusal_is_told_and_changes_nothing(page: Page, site: Site, status: int, told: str) -> None:
    site.show("/", "orders/detail.html", order_page())
    site.answers["/rates"] = lambda: (status, "<p>Traceback</p>")
    page.goto("/")
    page.get_by_role("button", name="Get rates").click()
    expect(page.locator("#toasts")).to_contain_text(told)
    expect(page.locator("#rates")).to_contain_text("Check the parcel")


def test_the_tab_one_is_on_can_be_seen_on_a_phone(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    open_scene(page, site, "settings-activity")
    expect(page.locator(".tabline").get_by_role("link", name="Activity")).to_be_in_viewport(ratio=1)


def tab_to(page: Page, element: Locator) -> None:
    """Press Tab until the element is focused."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if element.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("the keyboard does not lead there")


def test_what_the_keyboard_leads_to_can_be_seen_on_a_phone(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    open_scene(page, site, "settings-people")
    for name in ("Integrations", "People", "Activity"):
        tab = page.locator(".tabline").get_by_role("link", name=name)
        tab_to(page, tab)
        expect(tab).to_be_in_viewport(ratio=1)
    open_scene(page, site, "order-rates")
    rate = page.locator("input[name=rate]:checked")
    tab_to(page, rate)
    ends = rate.evaluate("rate => rate.getBoundingClientRect().bottom")
    assert ends <= page.get_by_role("button", name="Buy label").evaluate("bar => bar.getBoundingClientRect().top")


def wrong_for_axe(page: Page, *rules: str) -> list[str]:
    """What axe-core finds on the page: rule and element, for all its usual rules or the named ones."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found: list[str] = page.evaluate(
        """async options => (await axe.run(document, options)).violations
        .flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.target}`))""",
        options,
    )
    return found


PAGES = [name for name in SCENES if not name.startswith("fragment")]
SHARES = 6  # one test for each page would spend most of its time on opening windows


@pytest.mark.parametrize("share", range(SHARES))
def test_every_page_is_accessible_by_day_and_by_night_and_fits_a_small_phone(
    page: Page, site: Site, share: int
) -> None:
    wrong: dict[str, list[str]] = {}
    for name in PAGES[share::SHARES]:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 800})
        open_scene(page, site, name)
        # The page of the API's description is Swagger UI's.
        found = wrong_for_axe(page) if name != "docs" else []
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 360, "height": 740})
        page.reload()
        if name != "docs":
            found += wrong_for_axe(page, "color-contrast", "target-size")
        if page.evaluate("document.documentElement.scrollWidth") > 360:
            found.append("wider than a small phone")
        if found:
            wrong[name] = found
    assert wrong == {}


def test_another_account_is_opened_from_the_menu(page: Page, site: Site) -> None:
    open_scene(page, site, "orders")
    page.get_by_text("Alice", exact=True).locator("visible=true").first.click()
    menu = page.get_by_role("form", name="Account").locator("visible=true")
    expect(menu.get_by_role("button", name="Lantern & Rope Supply")).to_have_attribute("aria-current", "true")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        menu.get_by_role("button", name="Buoy Bakery").click()
    assert "account=a2" in (sent.value.post_data or "")


def test_a_phones_dock_holds_five_and_the_account_menu_the_rest(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 375, "height": 700})
    open_scene(page, site, "ledger")
    entries = page.locator(".dock a")
    assert entries.all_inner_texts()[-1].strip() == "Settings" and entries.count() == 5
    for name in entries.locator("span:last-child").all():
        assert name.evaluate("name => name.scrollWidth <= name.clientWidth"), name.inner_text()
    page.get_by_label("Account menu").click()
    more = page.get_by_role("navigation", name="More pages").get_by_role("link", name="Ledger")
    expect(more).to_be_in_viewport()
    expect(more).to_have_attribute("aria-current", "page")
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator(".side").get_by_role("link", name="Ledger")).to_be_visible()
    expect(page.locator(".side").get_by_role("navigation", name="More pages")).to_be_hidden()


def test_a_click_out_of_nowhere_does_not_allow_an_app(page: Page, site: Site) -> None:
    """The second half of a double click whose first half has closed a window above ours."""
    open_scene(page, site, "connect-consent-session")
    button = page.get_by_role("button", name="Allow")
    box = button.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert page.evaluate(f"document.elementFromPoint({x}, {y}).closest('button')") is None
    page.mouse.move(x, y)
    expect(button).to_have_css("pointer-events", "auto")
    page.mouse.move(2, 2)
    expect(button).to_have_css("pointer-events", "none")
    with page.expect_request(lambda request: request.method == "POST"):
        button.press("Enter")
