"""Batches: up to ten thousand shipments, checked and rated by jobs, bought in one go, printed a hundred to a file."""
