"""Adapters on real bytes: photos, their claims and their derivatives."""
