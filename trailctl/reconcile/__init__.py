"""What the log proves against what the rules saw, on the command line."""
