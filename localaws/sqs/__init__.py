"""SQS: the policies of queues."""
