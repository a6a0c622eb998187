"""Security Hub: the findings that an account's own integration brings, and what people note."""
