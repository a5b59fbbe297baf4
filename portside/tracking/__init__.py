"""Tracks: tracking numbers an account follows, and the history their carriers tell."""
