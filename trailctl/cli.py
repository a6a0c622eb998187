"""`trailctl`: the command line. Exit codes: 0 done, 1 a check failed, 2 wrong use."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence

from trailctl import event_pattern, operations
from trailctl.errors import CheckError, UsageError
from trailctl.local.environment import DEFAULT_ACCOUNT, DEFAULT_PORT, DEFAULT_REGION
from trailctl.replay import arguments as replay
from trailctl.validate.arguments import add_arguments

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code."""
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
    up.add_argument(
        "--until-eof", action="store_true", help="stop when standard input ends, too (for scripts)"
    )
    up.set_defaults(command=_up)

    execute = actions.add_parser("exec", help="run one command against the running local AWS")
    _add_where(execute, f"the port it listens on (default {DEFAULT_PORT})")
    execute.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD [ARG...]")
    execute.set_defaults(command=_exec)

    emit = actions.add_parser(
        "emit",
        help="put events on the bus that no API call makes: sign-ins, Insights, service events",
        description='Emit events that no API call makes, from files of records ({"Records": '
        "[...]}, also gzipped, one record, one a line) or of whole EventBridge envelopes. What is "
        "missing is filled in. Records reach the bus where a trail logs, Insights where a trail's "
        "insight selectors name their type.",
    )
    emit.add_argument("files", nargs="+", metavar="FILE", help="a file, or - for standard input")
    _add_port(emit)
    emit.add_argument(
        "--account",
        type=_account,
        default=DEFAULT_ACCOUNT,
        metavar="ID",
        help="for events that name none",
    )
    emit.add_argument("--region", type=_region, metavar="NAME", help="for events that name none")
    emit.add_argument(
        "--sign-in",
        choices=("Sign In", "Signin"),
        default="Sign In",
        help="how the detail-type of a console sign-in is spelt (default: Sign In)",
    )
    emit.add_argument(
        "--fresh", action="store_true", help="new ids and times, to emit the same file again"
    )
    emit.set_defaults(command=_emit)

    clock = actions.add_parser("clock", help="move the clock, or print it: clock +1h")
    clock.add_argument("by", nargs="?", metavar="+DURATION", help="such as +90s, +1h, +2d, PT1H30M")
    _add_port(clock)
    clock.set_defaults(command=_clock)

    tail = actions.add_parser("tail", help="print calls, matches and deliveries as they happen")
    _add_port(tail)
    tail.add_argument("--json", action="store_true", help="a line of JSON for each")
    tail.add_argument("--all", action="store_true", help="begin with what has happened so far")
    tail.set_defaults(command=_tail)

    reset = actions.add_parser("reset", help="forget all that was made; the clock is set right")
    _add_port(reset)
    reset.set_defaults(command=_reset)

    validate = commands.add_parser(
        "validate-logs",
        help="prove that a trail's log files are what CloudTrail delivered",
        description="Prove that no log or digest file of a trail was changed, removed or added.",
    )
    add_arguments(validate)
    validate.set_defaults(command=_validate_logs)

    replay.add_parser(commands)
    event_pattern.add_parser(commands)
    operations.add_parser(commands)

    demo = commands.add_parser("demo", help="apply an example, make calls, watch the reactions")
    demo.set_defaults(command=_demo)
    return parser


def _add_port(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        metavar="N",
        help=f"the port it listens on (default {DEFAULT_PORT})",
    )


def _add_where(parser: argparse.ArgumentParser, port_help: str) -> None:
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, metavar="N", help=port_help)
    parser.add_argument(
        "--account", type=_account, default=DEFAULT_ACCOUNT, metavar="ID", help="twelve digits"
    )
    parser.add_argument("--region", type=_region, default=DEFAULT_REGION, metavar="NAME")


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: give a number from 0 to 65535")
    return int(text)


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text):
        raise argparse.ArgumentTypeError(f"{text} is no account id: give twelve digits")
    return text


def _region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", text):
        raise argparse.ArgumentTypeError(f"{text} is no Region: give one such as us-east-1")
    return text


def _up(options: argparse.Namespace) -> int:
    from trailctl.local.server import run

    run(options.port, options.account, options.region, until_eof=options.until_eof)
    return 0


def _exec(options: argparse.Namespace) -> int:
    from trailctl.local.run import run_command

    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    return run_command(argv, options.port, options.account, options.region)


def _emit(options: argparse.Namespace) -> int:
    from trailctl.local.emit import emit

    return emit(
        options.files,
        options.port,
        options.account,
        options.region,
        sign_in=options.sign_in,
        fresh=options.fresh,
    )


def _clock(options: argparse.Namespace) -> int:
    from trailctl.local.control import Control
    from trailctl.local.durations import duration

    control = Control(options.port)
    if options.by is None:
        print(control.get("health")["now"])
    else:
        seconds = duration(options.by).total_seconds()
        print(control.post(f"clock?advance={seconds}")["now"])
    return 0


def _tail(options: argparse.Namespace) -> int:
    from trailctl.local.tail import tail

    return tail(options.port, as_json=options.json, everything=options.all)


def _reset(options: argparse.Namespace) -> int:
    from trailctl.local.control import Control

    Control(options.port).post("reset")
    print("all that was made, recorded or on its way is gone; the clock shows the machine's time")
    return 0


def _validate_logs(options: argparse.Namespace) -> int:
    from trailctl.validate.command import run

    return run(options)


def _demo(options: argparse.Namespace) -> int:
    del options
    from trailctl.demo import run_demo

    return run_demo()


if __name__ == "__main__":
    sys.exit(main())
