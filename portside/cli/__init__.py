"""The command `portside`: serve, work, look after accounts, data and jobs."""

from __future__ import annotations

from portside.cli.root import main

__all__ = ["main"]
