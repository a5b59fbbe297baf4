"""The simulated USPS and UPS: real prices' shape, real numbers, sample labels. Offline, and for test tokens only."""
