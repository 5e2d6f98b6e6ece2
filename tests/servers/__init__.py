"""The real servers of the tests: PostgreSQL, Redis, the whole application, Chromium."""
