"""The OAuth server: how a merchant lets an app act for them, and what the app then holds."""
