"""Outside judges: what others recorded of AWS and its provider, as data, against the project."""
