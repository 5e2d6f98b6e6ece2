"""Times and ratios; `make bench` prints them, no test asserts them."""
