"""Input that nobody would send, for everything that reads what others wrote.

`make test` runs each of these briefly, with its own seed; `make fuzz` runs them for long.
"""
