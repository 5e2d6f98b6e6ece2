"""Jobs: each takes an id or a day, opens the application context and calls one service."""
