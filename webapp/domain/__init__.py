"""The rules of An Lộ: pure functions and values, no framework, no disk, no clock."""
