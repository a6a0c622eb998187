"""The command line for people: replay, validation, the local AWS."""
