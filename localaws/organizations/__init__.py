"""Organizations: services with trusted access."""
