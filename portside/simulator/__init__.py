"""The outside world for the simulated carriers: prices, labels, numbers and tracking lives, without a network."""
