"""What an app may register, and what follows from it: where people are sent back to, who may frame, who may go live."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable
from urllib.parse import SplitResult, parse_qsl, urlsplit

from portside.apps.models import App, AppChanges, Trust
from portside.errors import FieldErrors

LONGEST_NAME = 60
LONGEST_URL = 1000
# That an account registers by itself; the operator may make more.
MOST_APPS = 50
MOST_REDIRECT_URIS = 20
MOST_ORIGINS = 20

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_UNSAFE = re.compile(r'[*\\"<>^`{|}]')
# Parameters of the answer (RFC 6749, 4.1.2): a second one of the same name would make it ambiguous.
_ANSWER = frozenset({"code", "state", "error", "error_description"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def redirect_uri_of(app: App, given: str | None) -> str | None:
    """Where to send people back to: the given URI if it is registered, character for character (RFC 6749, 3.1.2.3);
    the only registered one if none is given. None: nowhere."""
    if not given:
        return app.redirect_uris[0] if len(app.redirect_uris) == 1 else None
    return given if given in app.redirect_uris else None


def known_site(app: App) -> str:
    """The address of the app's site if that is known to be the app's, else of another that is; empty if none is. What
    was only typed into a form could be anybody's."""
    known = frame_origins(app)
    if app.site_url and (app.approved or app.certified or _origin_of(app.site_url) in known):
        return app.site_url
    return f"{known[0]}/" if known else ""


def site_of(app: App) -> str:
    """Where people find the app: its site, or else the root of where they are sent back to."""
    return known_site(app) or f"{_origin_of(app.redirect_uris[0])}/"


def may_frame(app: App, origin: str) -> bool:
    """Whether that site (`https://shop.example`, as browsers write it) may show the app's connect page in a frame."""
    return origin in frame_origins(app)


def frame_origins(app: App) -> tuple[str, ...]:
    """The sites that may; safe to be written into a header."""
    return tuple(known.origin for known in app.origins if app.approved or known.verified_at is not None)


def may_grant_live(app: App) -> bool:
    """Whether accounts may let the app into their live data: it is live, and it is known whose it is."""
    return app.live and (app.approved or any(known.verified_at is not None for known in app.origins))


def trust_lost(app: App, wanted: AppChanges) -> tuple[Trust, ...]:
    """What the operator has said of the app that these changes end: it was said of another name, site or redirect URI.
    An approval holds for all sites, so one that nobody has looked at ends it, too."""
    before = (app.name, app.site_url, set(app.redirect_uris))
    is_other = before != (wanted.name, wanted.site_url, set(wanted.redirect_uris))
    has_new_site = not set(wanted.origins) <= {known.origin for known in app.origins}
    return tuple(trust for trust in trust_of(app) if is_other or (trust == "approved" and has_new_site))


def trust_of(app: App) -> tuple[Trust, ...]:
    """What the operator has said of the app."""
    said: dict[Trust, bool] = {"certified": app.certified, "approved": app.approved}
    return tuple(trust for trust, is_said in said.items() if is_said)


def checked_changes(given: AppChanges) -> AppChanges:
    """The same, tidied: without outer spaces and repetitions, origins as browsers write them. Raises FieldErrors."""
    wrong: dict[str, list[str]] = {}

    def check(field: str, work: Callable[[], object]) -> object:
        try:
            return work()
        except ValueError as error:
            wrong[field] = [str(error)]
            return None

    name = check("name", lambda: checked_name(given.name))
    site_url = check("site_url", lambda: checked_site(given.site_url))
    uris = check("redirect_uris", lambda: _each(given.redirect_uris, checked_redirect_uri, MOST_REDIRECT_URIS))
    origins = check("origins", lambda: _each(given.origins, checked_origin, MOST_ORIGINS))
    if not wrong and not uris:
        wrong["redirect_uris"] = ["Give at least one redirect URI."]
    if wrong:
        raise FieldErrors(wrong)
    return AppChanges(name=name, site_url=site_url, redirect_uris=uris, origins=origins, live=given.live)  # type: ignore[arg-type]


def checked_name(name: str) -> str:
    """The app's name in one line. Raises ValueError: people are asked to trust it, so nothing in it may hide."""
    tidy = " ".join(name.split())
    if not tidy:
        raise ValueError("Give the app a name.")
    if len(tidy) > LONGEST_NAME:
        raise ValueError(f"The name is longer than {LONGEST_NAME} characters.")
    if any(unicodedata.category(char)[0] == "C" for char in tidy):
        raise ValueError("The name contains a character that cannot be seen.")
    return tidy


def checked_site(url: str) -> str:
    """The site's address, or nothing. Raises ValueError."""
    url = url.strip()
    if url:
        _split(url)
    return url


def checked_redirect_uri(uri: str) -> str:
    """An absolute URI without a fragment (RFC 6749, 3.1.2), over TLS unless it stays on the person's own machine
    (RFC 8252, 7.3). Raises ValueError."""
    if "#" in uri:
        raise ValueError("A redirect URI must not have a fragment (#).")
    parts = _split(uri)
    taken = _ANSWER & {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if taken:
        raise ValueError(f"The query must not contain {sorted(taken)[0]}: the answer will.")
    return uri


def checked_origin(origin: str) -> str:
    """`HTTPS://Shop.example:443/` → `https://shop.example`. Raises ValueError."""
    parts = _split(origin)
    if parts.path not in ("", "/") or parts.query or "?" in origin or "#" in origin:
        raise ValueError("An origin is only scheme, host and port, like https://shop.example, without a path.")
    return _origin_of(origin)


def _origin_of(url: str) -> str:
    """The origin of a URL that has been checked, as browsers write it."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port not in (None, _DEFAULT_PORTS[parts.scheme]) else ""
    return f"{parts.scheme}://{host}{port}"


def is_loopback(host: str) -> bool:
    """Whether a host is the machine that asks: names below `localhost` never leave it (RFC 6761, 6.3)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _each(given: Iterable[str], check: Callable[[str], str], most: int) -> tuple[str, ...]:
    tidy = dict.fromkeys(text.strip() for text in given if text.strip())
    if len(tidy) > most:
        raise ValueError(f"Give at most {most} of them, one per line.")
    return tuple(dict.fromkeys(_named(text, check) for text in tidy))


def _named(text: str, check: Callable[[str], str]) -> str:
    """Says which of several lines is meant."""
    try:
        return check(text)
    except ValueError as error:
        shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:80])
        raise ValueError(f"{shown}: {error}") from None


def _split(url: str) -> SplitResult:
    """The parts of a URL that a browser and we read alike. Raises ValueError with a sentence for people."""
    if len(url) > LONGEST_URL:
        raise ValueError(f"It is longer than {LONGEST_URL} characters.")
    if not url.isascii():
        raise ValueError(_write_in_ascii(url))
    if not _PRINTABLE.fullmatch(url) or _UNSAFE.search(url):
        raise ValueError("It contains a wildcard, a space or another character that does not belong in a URL.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("It cannot be read as a URL.") from None
    if parts.scheme not in _DEFAULT_PORTS or not url.lower().startswith(f"{parts.scheme}://"):
        raise ValueError("It must begin with https://.")
    if "@" in parts.netloc:
        raise ValueError("It must not contain a user name or password.")
    host = parts.hostname or ""
    if port == 0 or parts.netloc.endswith(":") or not _is_host(host, parts.netloc):
        raise ValueError("It has no valid host.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("It must begin with https://; http:// is for this machine only (localhost).")
    return parts


def _is_host(host: str, netloc: str) -> bool:
    if "[" in netloc:
        return bool(re.fullmatch(r"\[[0-9a-f:.]+\](:\d{1,5})?", netloc.lower())) and _is_address(host)
    # Browsers read a host that ends in a number as an IPv4 address, however it is written.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2]):
        return _is_address(host)
    return len(host) <= 253 and bool(_NAME.fullmatch(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _write_in_ascii(url: str) -> str:
    """Two spellings of one name would never match character for character, so only the DNS's own is taken."""
    try:
        host = (urlsplit(url).hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        host = ""
    hint = f": {host}" if host.startswith("xn--") or ".xn--" in host else ""
    return f"Write it in ASCII, names of other scripts in their DNS form{hint}."
