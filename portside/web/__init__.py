"""The merchant web app: pages, templates and their assets."""
