"""Set-up: what `make run` starts, says and leaves behind."""
