"""Platforms that act for merchants."""
