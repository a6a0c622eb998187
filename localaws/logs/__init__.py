"""CloudWatch Logs: what writing needs."""
