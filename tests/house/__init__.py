"""Tests of the house itself: what no compiler and no single test of a subject would notice."""
