"""Orders: what a merchant sold and has to ship."""
