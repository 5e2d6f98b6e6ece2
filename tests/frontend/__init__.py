"""What runs in the browser, in a browser."""
