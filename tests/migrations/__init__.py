"""Migrations: up, down, up with data, and what the database refuses by itself."""
