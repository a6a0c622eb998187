"""What a reader does, done: not part of `make test`."""
