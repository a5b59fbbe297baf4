"""What buyers are told of their parcels, by e-mail and by text message, and why not when they are not."""
