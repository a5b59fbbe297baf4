"""Messages to people about what happened: which event tells whom what, and how it gets there."""
