"""Customs: what crosses a border, line by line, and the sender's declaration of it. Written once, never changed."""
