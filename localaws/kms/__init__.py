"""KMS: the policies of keys."""
