"""What the log proves against what the rules saw."""
