"""`python -m localaws`: one local AWS, until it is stopped; `--help` tells the rest."""

from __future__ import annotations

import argparse
import sys

from localaws.client.clean import ensure
from localaws.client.environment import DEFAULT_ACCOUNT, DEFAULT_PORT, DEFAULT_REGION
from localaws.errors import LocalAwsError


def main() -> int:
    """Serve; exit code 2 and one line on standard error where that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m localaws", description="A local AWS.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--account", default=DEFAULT_ACCOUNT, help="twelve digits")
    parser.add_argument("--region", default=DEFAULT_REGION)
    parser.add_argument("--until-eof", action="store_true", help="stop with standard input, too")
    options = parser.parse_args()
    program = ensure(sys.argv[1:])
    from localaws.server import run

    try:
        run(options.port, options.account, options.region, until_eof=options.until_eof)
    except LocalAwsError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
