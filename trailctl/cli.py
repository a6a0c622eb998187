"""`trailctl`: the command line. Exit codes: 0 done, 1 a check failed, 2 wrong use."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence

from trailctl.errors import CheckError, UsageError
from trailctl.local.environment import DEFAULT_ACCOUNT, DEFAULT_PORT, DEFAULT_REGION

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    command: Command | None = getattr(options, "command", None)
    if command is None:
        options.parser.print_help()
        return 2
    try:
        return command(options)
    except UsageError as error:
        print(f"trailctl: {error}", file=sys.stderr)
        return 2
    except CheckError as error:
        print(f"trailctl: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone, `trailctl ... | head`
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trailctl", description="Prove and run reactions to AWS API calls."
    )
    parser.set_defaults(parser=parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    local = commands.add_parser("local", help="a local AWS that records calls and delivers events")
    local.set_defaults(parser=local)
    actions = local.add_subparsers(title="commands", metavar="COMMAND")

    up = actions.add_parser("up", help="start it; print its environment; stay until Ctrl-C")
    _add_where(up, f"the port to listen on (default {DEFAULT_PORT}; 0 takes a free one)")
    up.set_defaults(command=_up)

    execute = actions.add_parser("exec", help="run one command against the running local AWS")
    _add_where(execute, f"the port it listens on (default {DEFAULT_PORT})")
    execute.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD [ARG...]")
    execute.set_defaults(command=_exec)

    demo = commands.add_parser("demo", help="apply an example, make calls, watch the reactions")
    demo.set_defaults(command=_demo)
    return parser


def _add_where(parser: argparse.ArgumentParser, port_help: str) -> None:
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, metavar="N", help=port_help)
    parser.add_argument(
        "--account", type=_account, default=DEFAULT_ACCOUNT, metavar="ID", help="twelve digits"
    )
    parser.add_argument("--region", default=DEFAULT_REGION, metavar="NAME")


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: give a number from 0 to 65535")
    return int(text)


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text):
        raise argparse.ArgumentTypeError(f"{text} is no account id: give twelve digits")
    return text


def _up(options: argparse.Namespace) -> int:
    from trailctl.local.server import run

    run(options.port, options.account, options.region)
    return 0


def _exec(options: argparse.Namespace) -> int:
    from trailctl.local.run import run_command

    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    return run_command(argv, options.port, options.account, options.region)


def _demo(options: argparse.Namespace) -> int:
    del options
    from trailctl.demo import run_demo

    return run_demo()


if __name__ == "__main__":
    sys.exit(main())
