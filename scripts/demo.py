"""`make demo`: Portside and the example store, each a process of its own, and a tour of both. Ctrl-C ends them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
STOREFRONT = ROOT / "examples" / "storefront"
PORTSIDE = Path(sys.executable).with_name("portside")
LOGO = STOREFRONT / "logo.png"
APP_FILE = "app.json"
NAME = "Example Market"
PATIENCE = 30.0


class DemoError(Exception):
    """What a person at a terminal should read."""


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    try:
        with ExitStack() as stack:
            _run(stack)
    except DemoError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        print("\nBoth have ended.")


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(stack: ExitStack) -> None:
    from portside.settings import load

    data_dir = load().data_dir
    portside_url, portside = _start_portside(stack)
    store_port = os.environ.get("STOREFRONT_PORT", "8100")
    # Another site than Portside's 127.0.0.1, so that the frame on the store's page is a foreign one, as in real life.
    store_url = os.environ.get("STOREFRONT_PUBLIC_URL", f"http://localhost:{store_port}")
    folder = data_dir / "example-store"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_app(folder / APP_FILE, portside_url, store_url)
    environ = {
        "STOREFRONT_DATA_DIR": str(folder),
        "STOREFRONT_PORT": store_port,
        "STOREFRONT_PUBLIC_URL": store_url,
        "STOREFRONT_WEBHOOK_URL": f"http://127.0.0.1:{store_port}",
        "STOREFRONT_PORTSIDE_URL": portside_url,
        "STOREFRONT_DEMO": "1",
    }
    store = stack.enter_context(_process([sys.executable, "-m", "storefront"], environ, cwd=STOREFRONT))
    _wait_for(store, f"http://127.0.0.1:{store_port}/")
    _print_tour(portside_url, store_url, json.loads((data_dir / "demo.json").read_text(encoding="utf-8")))
    _wait_for_an_end(portside, store)


def _wait_for_an_end(portside: subprocess.Popen[str], store: subprocess.Popen[str]) -> None:
    """Both run until Ctrl-C; one that ends by itself takes the other with it."""
    while True:
        for name, process in (("Portside", portside), ("The store", store)):
            try:
                raise DemoError(f"{name} ended by itself, with status {process.wait(timeout=0.5)}.")
            except subprocess.TimeoutExpired:
                continue


def _start_portside(stack: ExitStack) -> tuple[str, subprocess.Popen[str]]:
    environ = {
        "PORTSIDE_ALLOWED_NETWORKS": os.environ.get("PORTSIDE_ALLOWED_NETWORKS", "127.0.0.0/8"),
        "PORTSIDE_LOG_FORMAT": "console",
        "PORTSIDE_LOG_LEVEL": "warning",
    }
    process = stack.enter_context(_process([str(PORTSIDE), "serve", "--demo"], environ, stdout=subprocess.PIPE))
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Portside is at "):
            # Its own tour follows; ours takes its place, and nobody may wait for a full pipe.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return line.split()[-1], process
        print(line, end="", flush=True)
    raise DemoError(f"Portside did not start; it ended with status {process.wait()}.")


@contextmanager
def _process(
    command: list[str], environ: Mapping[str, str], cwd: Path | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block, and with this process however that ends."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **environ},
        cwd=cwd,
        stdout=stdout,
        stdin=subprocess.DEVNULL,
        text=True,
        # Ctrl-C reaches us alone, and we tell it once: a second signal would hurry it.
        start_new_session=True,
    )
    # A pipe that nobody writes to ends when we do, even by kill -9; then the one who reads it ends the process.
    leash = subprocess.Popen(
        ["/bin/sh", "-c", f"cat >/dev/null; kill -TERM {process.pid}"], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        os.killpg(leash.pid, signal.SIGKILL)
        leash.communicate()
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Politely, then not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


def _make_app(path: Path, portside_url: str, store_url: str) -> None:
    """The store's app at Portside: made once, and again where it is not known any more."""
    redirect_uri = f"{store_url}/shippo-oauth-redirect/"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if known.get("redirect_uris") == [redirect_uri] and _is_known(portside_url, known):
        return
    print("Registering the store as an app …", flush=True)
    options = ["--name", NAME, "--redirect-uri", redirect_uri, "--origin", store_url, "--site", store_url]
    done = subprocess.run(
        [PORTSIDE, "create-app", *options, "--certified", "--logo", LOGO], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DemoError(f"Could not register the store as an app: {done.stderr.strip()}")
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(done.stdout)


def _is_known(portside_url: str, app: Mapping[str, str]) -> bool:
    """Ask to end a token that nobody has: Portside says yes to an app that it knows, whatever the token."""
    form = {"client_id": app["client_id"], "client_secret": app["client_secret"], "token": "none"}
    request = urllib.request.Request(f"{portside_url}/oauth/revoke", urllib.parse.urlencode(form).encode())
    try:
        urllib.request.urlopen(request, timeout=PATIENCE).close()
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code not in (400, 401)
    return True


def _wait_for(process: subprocess.Popen[str], url: str) -> None:
    for _ in range(150):
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except (urllib.error.URLError, TimeoutError):
            try:
                raise DemoError(f"The store did not start; it ended with status {process.wait(timeout=0.2)}.")
            except subprocess.TimeoutExpired:
                continue
    raise DemoError("The store did not start in time.")


def _print_tour(portside_url: str, store_url: str, alice: Mapping[str, str]) -> None:
    print(
        f"""
  The store      {store_url}/            its own process and database
  Portside       {portside_url}/
  Mail to buyers {store_url}/mailbox

  1. {store_url}/dashboard   sign in: owner@fernleaf.example / fern-demo
     Shipping > Connect shipping. Portside opens in the page; sign in there: {alice["email"]} / {alice["password"]}
  2. {store_url}/shops/fernleaf   buy something. Shipping costs what the carriers ask.
     For a story, write into "Apartment or note":  SIM_STORY_ATTEMPT_FAILED
  3. Dashboard > the order > Get rates > Buy label; or buy it in Portside ("Open in Portside"), and watch it arrive.
  4. "Demo: next scan" moves the parcel. Something wrong? Alerts > the alert > Contact carrier.
  5. {store_url}/shops/fernleaf/account   what the buyer sees.
  6. owner@quartz.example / quill-demo: connect in a popup, and open a new account there. The code that Portside
     mails is at {portside_url}/mailbox

  Ctrl-C ends both.
""",
        flush=True,
    )


if __name__ == "__main__":
    main()
