"""The code that AWS Lambda runs: CloudTrail events read once, decisions as data, one executor that
acts.

It imports the standard library, the runtime's boto3 (through its core, botocore) and the Powertools
layer, and nothing else.
"""

__version__ = "0.1.0"
