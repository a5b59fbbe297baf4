"""No operation of the SDK is left out."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import shippo


def test_every_operation_of_the_sdk_is_called() -> None:
    operations = {
        f"{resource}.{operation}"
        for resource, kind in inspect.get_annotations(shippo.Shippo).items()
        if kind.__module__ != "shippo.sdkconfiguration"
        for operation, _ in inspect.getmembers(kind, inspect.isfunction)
        if not operation.startswith("_")
    }
    here = Path(__file__).parent
    called = {
        match
        for path in here.glob("*.py")
        for match in re.findall(r"\bsdk\.(\w+\.\w+)\(", path.read_text(encoding="utf-8"))
    }
    assert len(operations) == 70
    assert sorted(operations - called) == []
