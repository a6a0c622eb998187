"""What the layer keeps because the emulator does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class State:
    """Empty after every reset. Keys hold account and Region where AWS's names are unique there."""

    bucket_owners: dict[str, str] = field(default_factory=dict)
    """Bucket: the account that made it."""

    images: set[tuple[str, str, str]] = field(default_factory=set)
    """Account, Region and id of images that were found to exist."""

    payers: dict[str, str] = field(default_factory=dict)
    """Bucket: Requester or BucketOwner, where it was said."""

    mfa_delete: dict[str, str] = field(default_factory=dict)
    """Bucket: Enabled or Disabled, once the root user has switched it."""

    bucket_configurations: dict[tuple[str, str], dict[str, Json]] = field(default_factory=dict)
    """Bucket and kind (`Metrics`, `Analytics`, ...): configurations by their id."""

    bus_policies: dict[tuple[str, str, str], Json] = field(default_factory=dict)
    """Account, Region and event bus: the bus's policy."""

    service_access: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Management account: service principals with trusted access, and since when."""

    def forget_bucket(self, bucket: str) -> None:
        self.bucket_owners.pop(bucket, None)
        self.payers.pop(bucket, None)
        self.mfa_delete.pop(bucket, None)
        for key in [k for k in self.bucket_configurations if k[0] == bucket]:
            del self.bucket_configurations[key]
