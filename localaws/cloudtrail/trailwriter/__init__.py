"""What CloudTrail delivers to a trail's bucket: log files, and digests that are signed and chained.

`files` makes the bytes, `signing` holds the Regions' keys, `generate` writes a whole range at once,
`writer` does it for what the local AWS records, as its clock goes on.
"""

from localaws.cloudtrail.trailwriter.files import ChainEnd, LogBody, Stored, digest_file, log_body
from localaws.cloudtrail.trailwriter.generate import write_backfill, write_range
from localaws.cloudtrail.trailwriter.signing import SigningKey, SigningKeys
from localaws.cloudtrail.trailwriter.writer import TrailWriter

__all__ = [
    "ChainEnd",
    "LogBody",
    "SigningKey",
    "SigningKeys",
    "Stored",
    "TrailWriter",
    "digest_file",
    "log_body",
    "write_backfill",
    "write_range",
]
