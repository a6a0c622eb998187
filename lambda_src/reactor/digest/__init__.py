"""Proof that CloudTrail's log files are what CloudTrail delivered: every digest, every log.

    report = validate(shard, span, sources)

`rsa` verifies signatures, `names` knows the keys' layout, `document` reads digests, `chain` judges
how they follow one another, `transport` fetches, `engine` brings them together.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html
"""
