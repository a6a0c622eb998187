"""The AWS configuration that commands work with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailctl.errors import UsageError

if TYPE_CHECKING:
    from botocore.session import Session


def aws_session(profile: str | None) -> Session:
    """A session with a profile of the configuration. Raises UsageError where there is none."""
    from botocore.exceptions import ProfileNotFound
    from botocore.session import Session

    session = Session(profile=profile)
    try:
        session.get_scoped_config()
    except ProfileNotFound as error:
        raise UsageError(f"{error}: name another with --profile") from None
    return session
