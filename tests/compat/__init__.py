"""Other people's clients against a real server: what they send must be understood, what they demand must be sent."""
