"""The official Python SDK: every operation, with its own models as the judge of every answer."""
