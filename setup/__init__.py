"""Sets the house up: the environment, the front end, the database, and ``make run``."""
