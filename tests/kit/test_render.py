"""Money, weights and times as people read them; assets and icons by name."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from portside.kit.render import AssetError, Assets, Templates, money, plural, relative, weight

NOW = dt.datetime(2026, 3, 12, 14, 30, tzinfo=dt.UTC)
ASSETS = Assets(url="/static", names={"app.css": "app.0123.css"}, icons={"truck": '<path d="M1 1"/>'})


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "USD", "$1,234.50"),
        ("12", "PLN", "12.00 PLN"),
        ("-3.10", "EUR", "−€3.10"),
        ("9800", "JPY", "¥9,800"),
        ("9800.00", "ISK", "9,800 ISK"),
        ("0.0555", "USD", "$0.0555"),
        (0, "GBP", "£0.00"),
        ("", "USD", "–"),
        (None, "USD", "–"),
        ("free", "USD", "free USD"),
        ("NaN", "USD", "NaN USD"),
    ],
)
def test_money(amount: object, currency: str, text: str) -> None:
    assert money(amount, currency) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("1.500", "kg", "1.5\xa0kg"),
        ("10", "lb", "10\xa0lb"),
        ("1200", "g", "1,200\xa0g"),
        (None, "kg", "–"),
        ("", "", "–"),
    ],
)
def test_weight(value: object, unit: str, text: str) -> None:
    assert weight(value, unit) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (dt.timedelta(seconds=20), "just now"),
        (dt.timedelta(minutes=5), "5 min ago"),
        (dt.timedelta(hours=14), "14 h ago"),
        (dt.timedelta(hours=26), "yesterday"),
        (dt.timedelta(days=3), "3 days ago"),
        (dt.timedelta(days=20), "20 Feb"),
        (dt.timedelta(days=400), "5 Feb 2025"),
        (-dt.timedelta(minutes=16), "in 16 min"),
        (-dt.timedelta(hours=30), "tomorrow"),
        (-dt.timedelta(days=4), "in 4 days"),
    ],
)
def test_relative(ago: dt.timedelta, text: str) -> None:
    assert relative(NOW - ago, NOW) == text


def test_plural() -> None:
    assert [plural(n, "item") for n in (0, 1, 1200)] == ["0 items", "1 item", "1,200 items"]
    assert plural(2, "address", "addresses") == "2 addresses"


@pytest.fixture
def render(tmp_path: Path) -> Templates:
    (tmp_path / "upper").mkdir()
    (tmp_path / "lower").mkdir()
    (tmp_path / "upper" / "a.html").write_text(
        '{{ text }}|{{ icon("truck", label=text) }}|{{ {"x": text, "y": true} | attrs }}'
    )
    (tmp_path / "lower" / "a.html").write_text("hidden by the upper folder")
    (tmp_path / "lower" / "b.html").write_text(
        '{{ asset("app.css") }} {{ moment | when }} {{ moment | day }} {{ none | when }}'
    )
    return Templates([tmp_path / "upper", tmp_path / "lower"], ASSETS, now=lambda: NOW)


def test_text_from_users_is_escaped_everywhere(render: Templates) -> None:
    html = render.render("a.html", {"text": '"><script>'})
    assert "<script>" not in html
    assert html.count("&#34;&gt;&lt;script&gt;") == 3


def test_assets_and_times(render: Templates) -> None:
    moment = NOW - dt.timedelta(hours=2)
    html = render.render("b.html", {"moment": moment})
    time = '<time datetime="2026-03-12T12:30:00.000Z" title="12 Mar 2026, 12:30 UTC" data-when>'
    assert html == f"/static/app.0123.css {time}2 h ago</time> {time}Thu 12 Mar</time> –"


def test_a_missing_build_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="npm run build"):
        Assets.load(tmp_path)
    with pytest.raises(AssetError, match=r"nope\.css"):
        ASSETS.href("nope.css")
    with pytest.raises(AssetError, match="nope"):
        ASSETS.icon("nope")
