"""Clients that their makers have retired, and that merchants still run."""
