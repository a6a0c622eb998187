"""What a person runs: replay, validation, the local AWS."""
