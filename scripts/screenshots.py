"""Takes the README's screenshot: a fresh demo, signed in, in headless Chromium. `make screenshots` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.browser import browser_page

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "PORTSIDE_DATA_DIR": folder, "PORTSIDE_LOG_LEVEL": "error"}
        portside = Path(sys.executable).with_name("portside")
        command = [portside, "serve", "--demo", "--port", "0"]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            line = next(line for line in process.stdout if line.startswith("Portside is at"))
            tour = json.loads((Path(folder) / "demo.json").read_text())
            take(line.split()[-1], tour["email"], tour["password"])
        finally:
            process.terminate()
            process.wait(timeout=30)


def take(url: str, email: str, password: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with browser_page(width=1440, height=900) as page:
        assert page is not None, "this needs a Chromium"
        page.goto(url)
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("#1060").filter(visible=True).first.wait_for()
        # Loaded anew, because the sign-in page fades out for a moment.
        page.reload()
        page.get_by_text("#1060").filter(visible=True).first.wait_for()
        page.screenshot(path=IMAGES / "orders.png")


if __name__ == "__main__":
    main()
