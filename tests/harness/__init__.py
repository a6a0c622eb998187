"""What the tests stand on: kept processes, a local AWS, plans and applies, policy tools."""
