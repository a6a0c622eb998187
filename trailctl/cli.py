"""`trailctl`: the command line.

Exit codes: 0 done, 1 a check failed, 2 wrong use or no answer of AWS, 70 a fault of trailctl.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from trailctl import completion, event_pattern, operations
from trailctl.coverage import arguments as coverage
from trailctl.detections import arguments as detections
from trailctl.errors import CheckError, UsageError
from trailctl.local import arguments as local
from trailctl.reconcile import arguments as reconcile
from trailctl.replay import arguments as replay
from trailctl.terminal import Parser, say
from trailctl.text import plain
from trailctl.validate.arguments import add_arguments


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code."""
    parser = command_line()
    if "_ARGCOMPLETE" in os.environ:
        completion.complete(parser)
    options = argparse.Namespace(traceback=False)
    try:
        parser.parse_args(arguments, options)
        command: Callable[[argparse.Namespace], int] | None = getattr(options, "command", None)
        if command is None:
            options.parser.print_help()
            return 2
        code = command(options)
        sys.stdout.flush()
    except UsageError as error:
        say(f"trailctl: {plain(error, lines=True)}", sys.stderr)
        return 2
    except CheckError as error:
        say(f"trailctl: {plain(error, lines=True)}", sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone, `trailctl ... | head`
        _forget_output()
        return 0
    except Exception as error:
        if options.traceback:
            raise
        line = _of_aws(error)
        say(f"trailctl: {plain(line or _fault(error))}", sys.stderr)
        return 2 if line else 70
    else:
        return code


def _forget_output() -> None:
    """What is still in the buffer goes nowhere, so that Python can't fail to write it at its end.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    with suppress(OSError, ValueError):  # not a file, or closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _of_aws(error: Exception) -> str | None:
    if "botocore" not in sys.modules:  # most commands never load it
        return None
    from trailctl.aws_errors import told

    return told(error)


def _fault(error: Exception) -> str:
    return (
        f"{type(error).__name__}: {error}: this should not happen. Run `trailctl -v ...` once more "
        "and report what it prints"
    )


def command_line() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = Parser(
        prog="trailctl",
        description="Tries rules and reactions to AWS API calls, proves the log of the calls, and "
        "takes reactions back. `trailctl COMMAND --help` tells what a command does.",
    )
    parser.set_defaults(parser=parser)
    parser.add_argument(
        "--version",
        dest="command",
        action="store_const",
        const=_version,
        help="print the version, and what the functions' zip was built from",
    )
    parser.add_argument(
        "-v", "--traceback", action="store_true", help="show where in the code an error arose"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    local.add_parser(commands)

    validate = commands.add_parser(
        "validate-logs",
        help="prove that a trail's log files are what CloudTrail delivered",
        description="Prove that no log or digest file of a trail was changed, removed or added.",
    )
    add_arguments(validate)
    validate.set_defaults(command=_validate_logs)

    reconcile.add_parser(commands)
    replay.add_parser(commands)
    coverage.add_parser(commands)
    detections.add_parser(commands)
    event_pattern.add_parser(commands)
    operations.add_parser(commands)

    demo = commands.add_parser(
        "demo",
        help="apply an example, make calls, watch the reactions",
        description="Applies examples/ec2-launch-monitor to a local AWS, makes calls, shows "
        "what they led to, checks its own claims and destroys everything. It needs Terraform and "
        "a checkout, and touches no account.",
    )
    demo.set_defaults(command=_demo)
    completion.add_parser(commands)
    return parser


def _validate_logs(options: argparse.Namespace) -> int:
    from trailctl.validate.command import run

    return run(options)


def _version(options: argparse.Namespace) -> int:
    from trailctl.version import told

    del options
    print(told())
    return 0


def _demo(options: argparse.Namespace) -> int:
    del options
    from trailctl.extra import need_local

    need_local()
    from trailctl.demo import run_demo

    return run_demo()


if __name__ == "__main__":
    sys.exit(main())
