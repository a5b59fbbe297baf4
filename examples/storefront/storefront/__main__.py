"""`python -m storefront` serves the store."""

from __future__ import annotations

import logging
import warnings

import uvicorn

from storefront import settings
from storefront.app import create_app
from storefront.database import Database
from storefront.demo_data import make_demo
from storefront.web import Store


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    # The SDK has no model for some carrier accounts' parameters and says so each time; we do not use them.
    warnings.filterwarnings("ignore", message="Failed to decode", module="dataclasses_json")
    loaded = settings.load()
    database = Database(loaded.data_dir / "store.sqlite3")
    make_demo(database)
    app = create_app(Store(loaded, database))
    uvicorn.run(app, host=loaded.host, port=loaded.port, log_level="warning", access_log=False, server_header=False)


if __name__ == "__main__":
    main()
