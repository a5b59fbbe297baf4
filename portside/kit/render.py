"""HTML from Jinja2 templates: hashed assets, inline icons, and filters that write money, time and weight for people.

Pages run under `default-src 'self'`: nothing here, and no template, makes an inline script, handler or style.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from portside.errors import OperatorError
from portside.kit import clock
from portside.kit.money import WHOLE

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "CNY": "CN¥", "KRW": "₩"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class AssetError(OperatorError):
    """The built files are not there, or a name is not among them; the message says what to run."""


class Assets(msgspec.Struct, frozen=True):
    """What `npm run build` wrote: plain names to hashed names, icons by name; `url` is where the folder is served."""

    url: str
    names: dict[str, str]
    icons: dict[str, str]

    @classmethod
    def load(cls, folder: Path, url: str = "/static") -> Assets:
        """Read `manifest.json` and `icons.json` of `folder`. Raises AssetError before the first build."""
        try:
            names = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=dict[str, str])
            icons = msgspec.json.decode((folder / "icons.json").read_bytes(), type=dict[str, str])
        except FileNotFoundError as missing:
            raise AssetError(f"{missing.filename} is missing: run `npm ci && npm run build`") from missing
        return cls(url.rstrip("/"), names, icons)

    def href(self, name: str) -> str:
        """The path of an asset, with its hash, so that it may be cached for ever. Raises AssetError."""
        try:
            return f"{self.url}/{self.names[name]}"
        except KeyError:
            raise AssetError(f"no asset {name!r}: it is not in manifest.json") from None

    def icon(self, name: str, css: str = "size-4", label: str = "") -> Markup:
        """An inline icon by its Lucide name. Without a label it is decoration, hidden from screen readers."""
        try:
            body = self.icons[name]
        except KeyError:
            raise AssetError(f"no icon {name!r} in the icon set") from None
        voice = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
        return Markup(
            '<svg class="{}" viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor" '
            'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>'
        ).format(css, voice, Markup(body))  # noqa: S704  # from our own build of a pinned package


class Templates:
    """Renders templates of several folders (earlier folders win), with autoescape and no undefined names.

    `now` gives the moment to which relative times refer; a test passes its own.
    """

    def __init__(self, folders: Sequence[Path], assets: Assets, *, now: Callable[[], dt.datetime] = clock.now) -> None:
        self.assets = assets
        self.environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.environment.globals.update(asset=assets.href, icon=assets.icon)
        self.environment.filters.update(
            money=money,
            when=partial(when, now=now),
            day=partial(day, now=now),
            weight=weight,
            number=number,
            plural=plural,
            attrs=attrs,
        )

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """The HTML of one template. Raises jinja2's UndefinedError when the context lacks a name."""
        return self.environment.get_template(name).render(context)

    def names(self) -> list[str]:
        """Every template, for tests."""
        return self.environment.list_templates(extensions=["html"])


def _decimal(value: object) -> Decimal | None:
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def money(amount: object, currency: str) -> str:
    """`"1234.5"`, `"USD"` → `$1,234.50`; `12`, `PLN` → `12.00 PLN`; nothing given → `–`. Nothing is rounded away."""
    if amount is None or amount == "":
        return "–"
    value = _decimal(amount)
    if value is None:
        return f"{amount} {currency}".strip()
    places = max(0 if currency in WHOLE else 2, -int(value.normalize().as_tuple().exponent))
    text = f"{abs(value):,.{places}f}"
    minus = "−" if value < 0 else ""
    sign = _SIGNS.get(currency)
    return f"{minus}{sign}{text}" if sign else f"{minus}{text} {currency}".strip()


def number(value: object) -> str:
    """`"1200.50"` → `1,200.5`: thousands separated, no trailing zeros."""
    amount = _decimal(value)
    if amount is None:
        return str(value)
    text = f"{amount:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def weight(value: object, unit: str) -> str:
    """`"1.500"`, `"kg"` → `1.5 kg`, joined by a no-break space; nothing given → `–`."""
    return "–" if value is None or value == "" else f"{number(value)}\N{NO-BREAK SPACE}{unit}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 item`, `3 items`, `0 items`; `many` for words that do not just take an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def when(moment: dt.datetime | None, *, now: Callable[[], dt.datetime], empty: str = "–") -> Markup:
    """A `<time>` that reads relative to now (`5 min ago`) and tells the exact time in UTC on hover."""
    if moment is None:
        return escape(empty)
    return _time(moment, relative(moment, now()))


def day(moment: dt.datetime | dt.date | None, *, now: Callable[[], dt.datetime], empty: str = "–") -> Markup:
    """A `<time>` with the plain date: `Thu 14 Mar`, and the year when it is not this one."""
    if moment is None:
        return escape(empty)
    text = f"{moment:%a} {moment.day} {moment:%b}" + ("" if moment.year == now().year else f" {moment.year}")
    if isinstance(moment, dt.datetime):
        return _time(moment, text)
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), text)


def _time(moment: dt.datetime, text: str) -> Markup:
    exact = moment.astimezone(clock.UTC)
    title = f"{exact.day} {exact:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}" title="{}" data-when>{}</time>').format(clock.to_wire(moment), title, text)


def relative(moment: dt.datetime, now: dt.datetime) -> str:
    """How long ago or ahead, in the largest sensible unit; beyond a week, the date."""
    seconds = int((now - moment).total_seconds())
    span, past = abs(seconds), seconds >= 0
    if span < _MINUTE:
        return "just now" if past else "in a moment"
    if span < _HOUR:
        return _aged(span // _MINUTE, "min", past)
    if span < _DAY:
        return _aged(span // _HOUR, "h", past)
    days = (now.date() - moment.astimezone(now.tzinfo).date()).days
    if days in (1, -1):
        return "yesterday" if past else "tomorrow"
    if -7 < days < 7:
        return _aged(abs(days), "days", past)
    return f"{moment.day} {moment:%b}" if moment.year == now.year else f"{moment.day} {moment:%b %Y}"


def _aged(count: int, unit: str, past: bool) -> str:
    return f"{count} {unit} ago" if past else f"in {count} {unit}"


def attrs(pairs: Mapping[str, object]) -> Markup:
    """HTML attributes of a mapping, escaped; True writes the bare name, None and False leave it out."""
    parts = []
    for name, value in pairs.items():
        if value is True:
            parts.append(escape(name))
        elif value is not None and value is not False:
            parts.append(Markup('{}="{}"').format(name, value))
    return Markup(" ").join(parts)
