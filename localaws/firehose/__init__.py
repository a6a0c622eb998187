"""Firehose: what DescribeDeliveryStream tells of a destination in S3."""
