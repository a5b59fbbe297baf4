"""Refunds: a label's money back, asked of its carrier until it has said yes or no."""
