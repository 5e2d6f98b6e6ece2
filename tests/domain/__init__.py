"""The rules, tested without a fixture."""
