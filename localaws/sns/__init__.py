"""SNS: the policies of topics."""
