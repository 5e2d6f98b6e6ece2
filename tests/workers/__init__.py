"""Jobs: once, twice, and killed midway."""
