"""What AWS Lambda runs: CloudTrail events read once, decisions as data, one executor that acts.

Imports nothing but the standard library, the runtime's boto3 (through its core, botocore) and the
Powertools layer.
"""

__version__ = "0.1.0"
