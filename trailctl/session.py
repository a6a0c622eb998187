"""The AWS configuration that commands work with, and the flags that name another one."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trailctl.errors import UsageError
from trailctl.names import unknown

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.session import Session

PROFILE = "take credentials and settings of that profile (default: AWS_PROFILE)"
REGION = "the Region to work in (default: AWS_REGION, or the profile's)"


def add_arguments(parser: argparse.ArgumentParser, *, regions: bool = False) -> None:
    """Adds --profile and --region, last in the help; with `regions`, --region may repeat."""
    group = parser.add_argument_group("AWS")
    profile = group.add_argument("--profile", metavar="NAME", help=PROFILE)
    profile.completer = _profiles  # type: ignore[attr-defined]
    region = group.add_argument(
        "--region",
        metavar="NAME",
        help=f"{REGION}; may repeat" if regions else REGION,
        **({"action": "append"} if regions else {}),  # type: ignore[arg-type]
    )
    region.completer = region_names  # type: ignore[attr-defined]


def _profiles(**_: Any) -> Sequence[str]:
    from botocore.session import Session

    return Session().available_profiles


def region_names(**_: Any) -> Sequence[str]:
    """The Regions that boto3 knows."""
    from botocore.session import Session

    session = Session()
    return [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("cloudtrail", partition)
    ]


def aws_session(profile: str | None, region: str | None = None) -> Session:
    """A session with what the flags name. Raises UsageError where there is no such profile.

    AWS_REGION counts as in the AWS CLI and all newer SDKs; botocore knows AWS_DEFAULT_REGION only.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    """
    from botocore.exceptions import ProfileNotFound
    from botocore.session import Session

    session = Session(profile=profile)
    try:
        session.get_scoped_config()
    except ProfileNotFound as error:
        name = profile or os.environ.get("AWS_PROFILE") or str(error)
        told = unknown("AWS profile", [name], session.available_profiles)
        raise UsageError(f"{told}; --profile and AWS_PROFILE name one") from None
    region = region or os.environ.get("AWS_REGION")
    if region:
        session.set_config_variable("region", region)
    return session


def soon() -> Config:
    """Has a client tell within seconds, not after a minute, that AWS does not answer."""
    from botocore.config import Config

    return Config(connect_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
