"""A plugin of the AWS CLI (version 1), which `trailctl local exec` makes it load.

The CLI gives some services (sqs, rds, emr, health, ...) an address of its own in place of
AWS_ENDPOINT_URL, and the command line can name any. Here every call has the local AWS's address,
a command that names another is refused, and so is a request to another: the rules of a service may
not ask for the address that was given (signin).
"""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.parse import urlsplit


def awscli_initialize(cli: Any) -> None:
    """The CLI calls this once, before it reads its arguments."""
    cli.register("top-level-args-parsed", _stay, unique_id="localaws-at-home")
    cli.register("before-send", _refuse, unique_id="localaws-no-other")


def _stay(parsed_args: Any, **_: Any) -> None:
    home = os.environ.get("AWS_ENDPOINT_URL", "")
    if not home:
        return
    if parsed_args.endpoint_url not in (None, home):
        sys.stderr.write(
            f"aws: {parsed_args.endpoint_url} is not the local AWS: leave --endpoint-url out\n"
        )
        sys.exit(252)
    parsed_args.endpoint_url = home


def _refuse(request: Any, **_: Any) -> None:
    home = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).netloc
    place = urlsplit(request.url).netloc
    # Below an address is no name that anybody could have.
    if home and place != home and not place.endswith(f".{home}"):
        raise RuntimeError(f"{place} is not the local AWS: the call was not sent")
