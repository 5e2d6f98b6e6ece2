"""Tests: the domain without fixtures, everything else on real databases, queues and browsers."""
