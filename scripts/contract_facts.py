"""Writes tests/house/data/contract.json: what the official SDKs send, and what they demand of answers.

    python scripts/contract_facts.py EXTRACT.json > tests/house/data/contract.json

The extract lists a SDK's operations, models and enums, with the types as the SDK declares them. What is kept are facts:
paths, status codes, field names, which fields are required, and the values of closed enums.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any


def kind(given: dict[str, Any] | None) -> Any:
    """A type in a few words: `string`, `enum X`, `model X`, `["array", type]`, `["one of", type, …]`."""
    if not given:
        return None
    if "anyOf" in given:
        return ["one of", *(kind(choice) for choice in given["anyOf"])]
    name = given["type"]
    if name == "array":
        return ["array", kind(given["items"])]
    if name == "object":
        return f"model {given['ref']}"
    if name == "enum":
        return f"enum {given['ref']}"
    return ["const", *given["values"]] if name == "const" else name


def operation(given: dict[str, Any]) -> dict[str, Any]:
    body = given.get("request_body")
    names = [parameter["name"].removesuffix("[]") for parameter in given["parameters"] if parameter["in"] == "query"]
    facts = {
        "name": given["operation_id"],
        "status": given["success_code"],
        "query": names,
        "takes": kind(body["schema"]) if body else None,
        "gives": kind(given.get("response_model")),
    }
    return {name: fact for name, fact in facts.items() if fact}


def model(given: dict[str, Any]) -> dict[str, Any]:
    fields = given["fields"]
    return {
        "required": sorted(
            name for name, fact in fields.items() if fact["required"] and not fact.get("nullable_declared")
        ),
        "fields": {name: kind(fact) for name, fact in sorted(fields.items())},
    }


def facts(extract: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "operations": {
            f"{each['method']} {re.sub(r'{[^}]*}', '{}', each['path']).rstrip('/')}": operation(each)
            for each in extract["operations"]
        },
        "models": {name: model(each) for name, each in sorted(extract["models"].items())},
        "enums": {name: each["values"] for name, each in sorted(extract["enums"].items())},
    }


def main() -> None:
    extract = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    chapters = []
    for title, entries in facts(extract).items():
        lines = [f"  {json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in entries.items()]
        chapters.append(f" {json.dumps(title)}: {{\n" + ",\n".join(lines) + "\n }")
    print("{\n" + ",\n".join(chapters) + "\n}")


if __name__ == "__main__":
    main()
