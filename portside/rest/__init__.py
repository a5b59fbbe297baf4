"""The public API's transport: who calls, what they sent, what they get back, and how errors look."""
