"""Renders the sample pages; `python -m tests.web.preview FOLDER` writes them as files next to the built assets."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import portside.web
from portside.kit.render import Assets, Templates
from tests.web.samples import SCENES
from tests.web.samples.shared import NOW

WEB = Path(portside.web.__file__).parent
DIST = WEB / "static" / "dist"


def templates(url: str = "/static") -> Templates:
    return Templates([WEB / "templates"], Assets.load(DIST, url), now=lambda: NOW)


def render_all(url: str = "/static") -> dict[str, str]:
    """Every sample page by its name."""
    engine = templates(url)
    return {name: engine.render(template, context) for name, (template, context) in SCENES.items()}


def write(folder: Path) -> None:
    """Pages as `<name>.html` and the assets in `static/`, to be looked at through any file server."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, html in render_all().items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    shutil.copytree(DIST, folder / "static", dirs_exist_ok=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    write(parser.parse_args().folder)
