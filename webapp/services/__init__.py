"""Use cases: the only floor that queries the database and commits to it."""
