"""What labels cost a platform, what it charged for them, and what was left: a line per purchase and per refund."""
