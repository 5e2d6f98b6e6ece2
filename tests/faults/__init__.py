"""Faults: power cuts, full disks, an empty Redis."""
