"""Tools that have never heard of shipping."""
