"""Carriers behind one contract: value objects in and out, no database, no web request."""
