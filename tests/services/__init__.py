"""Services on SQLite and PostgreSQL."""
