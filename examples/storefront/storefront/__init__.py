"""A small e-commerce platform whose merchants ship with Portside. README.md says in which order to read it."""
