"""Doors: status codes, pages, what is asked of whoever comes in."""
