"""Journeys: a real Chromium, the whole application, real workers."""
