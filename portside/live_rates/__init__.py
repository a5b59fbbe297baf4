"""Live rates: what a shop shows its buyer at the checkout, where nothing is bought yet and nothing is written."""
