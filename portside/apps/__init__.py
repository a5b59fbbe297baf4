"""Partner apps: who they are, and which accounts are connected to them."""
