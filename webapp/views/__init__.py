"""Doors: each view parses a request, calls one service and answers."""
