"""IAM and STS: policies, who holds which, and what a call needs."""
