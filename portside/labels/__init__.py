"""Labels: bought at most once and never lost. Shippo's API calls them transactions, our word for the database unit."""
