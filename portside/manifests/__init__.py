"""Manifests: the labels of a day and a place handed over together, on a form that the driver scans once."""
