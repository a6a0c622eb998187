"""The arguments of `trailctl local`, and what each command does."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import wraps
from typing import Any

from reactor.shapes import is_account, is_region

from localaws.client.control import Control
from localaws.client.environment import DEFAULT_ACCOUNT, DEFAULT_PORT, DEFAULT_REGION
from localaws.errors import LocalAwsError, NotRunningError
from trailctl.durations import duration
from trailctl.errors import UsageError
from trailctl.extra import need_local
from trailctl.local.fault import add_options as add_fault_options
from trailctl.local.fault import fault as run_fault
from trailctl.terminal import say

Command = Callable[[argparse.Namespace], int]


def add_parser(commands: Any) -> None:
    """Add `local` and its commands."""
    local = commands.add_parser(
        "local",
        help="a local AWS that records calls and delivers events",
        description="Runs a local AWS: it takes API calls, records them as CloudTrail does, and "
        "delivers their events to rules, queues, topics and functions. No account is touched.",
    )
    local.set_defaults(parser=local)
    actions = local.add_subparsers(title="commands", metavar="COMMAND")

    up = actions.add_parser("up", help="start it; print its environment; stay until Ctrl-C")
    _add_where(up, f"the port to listen on (default {DEFAULT_PORT}; 0 takes a free one)")
    up.add_argument(
        "--until-eof", action="store_true", help="stop when standard input ends, too (for scripts)"
    )
    up.set_defaults(command=_up)

    execute = actions.add_parser(
        "exec",
        help="run one command against the running local AWS",
        description="Runs a command that finds the local AWS in place of AWS, with keys of its "
        "own: trailctl local exec -- aws s3 ls",
    )
    _add_where(execute, f"the port it listens on (default {DEFAULT_PORT})")
    execute.add_argument(
        "argv", nargs=argparse.REMAINDER, metavar="-- CMD [ARG...]", help="what to run"
    )
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

    clock = actions.add_parser(
        "clock",
        help="move the clock, or print it: clock +1h",
        description="Moves the clock of the local AWS forward, or prints its time. What is due by "
        "then happens: log files, schedules, alarms.",
    )
    clock.add_argument("by", nargs="?", metavar="+DURATION", help="such as +90s, +1h, +2d, PT1H30M")
    _add_port(clock)
    clock.set_defaults(command=_clock)

    fault = actions.add_parser(
        "fault",
        help="events are lost, repeated, late, out of order, as on AWS they may be; or `fault off`",
        description="From now on events come to their bus with these faults. What CloudTrail "
        "delivers may be lost, every event may come twice, late and out of order. It replaces "
        "the faults there are; without arguments it prints them. `reset` ends them, too.",
    )
    add_fault_options(fault)
    _add_port(fault)
    fault.set_defaults(command=_fault)

    tail = actions.add_parser("tail", help="print calls, matches and deliveries as they happen")
    _add_port(tail)
    tail.add_argument("--json", action="store_true", help="print each step as a line of JSON")
    tail.add_argument("--all", action="store_true", help="begin with what has happened so far")
    tail.set_defaults(command=_tail)

    mail = actions.add_parser(
        "mail",
        help="print what topics have said: the alerts",
        description="Prints the messages of all topics, as a subscriber's mail has them, whoever "
        "subscribes. It waits until what happens at the moment has happened.",
    )
    _add_port(mail)
    mail.add_argument("--json", action="store_true", help="a line of JSON for each")
    mail.set_defaults(command=_mail)

    reset = actions.add_parser("reset", help="forget all that was made, and set the clock right")
    _add_port(reset)
    reset.set_defaults(command=_reset)


def _in_one_line(command: Command) -> Command:
    """Makes an error of the local AWS a UsageError of the command."""

    @wraps(command)
    def run(options: argparse.Namespace) -> int:
        try:
            return command(options)
        except NotRunningError as error:
            raise UsageError(
                f"{error}: start it with `trailctl local up --port {options.port}`"
            ) from None
        except LocalAwsError as error:
            raise UsageError(str(error)) from None

    return run


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
        "--account",
        type=_account,
        default=DEFAULT_ACCOUNT,
        metavar="ID",
        help=f"twelve digits (default: {DEFAULT_ACCOUNT})",
    )
    parser.add_argument(
        "--region",
        type=_region,
        default=DEFAULT_REGION,
        metavar="NAME",
        help=f"default: {DEFAULT_REGION}",
    )


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: give a number from 0 to 65535")
    return int(text)


def _account(text: str) -> str:
    if not is_account(text):
        raise argparse.ArgumentTypeError(f"{text} is no account id: give twelve digits")
    return text


def _region(text: str) -> str:
    if not is_region(text):
        raise argparse.ArgumentTypeError(f"{text} is no Region: give one such as us-east-1")
    return text


@_in_one_line
def _up(options: argparse.Namespace) -> int:
    need_local()
    from localaws.client.clean import start

    where = ("--port", str(options.port), "--account", options.account, "--region", options.region)
    start([*where, *["--until-eof"] * options.until_eof], "trailctl")


@_in_one_line
def _exec(options: argparse.Namespace) -> int:
    from trailctl.local.run import run_command

    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    return run_command(argv, options.port, options.account, options.region)


@_in_one_line
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


@_in_one_line
def _clock(options: argparse.Namespace) -> int:
    control = Control(options.port)
    if options.by is None:
        print(control.get("health")["now"])
    else:
        seconds = duration(options.by).total_seconds()
        print(control.post(f"clock?advance={seconds}")["now"])
    return 0


@_in_one_line
def _fault(options: argparse.Namespace) -> int:
    return run_fault(options)


@_in_one_line
def _tail(options: argparse.Namespace) -> int:
    from trailctl.local.tail import tail

    return tail(options.port, as_json=options.json, everything=options.all)


@_in_one_line
def _mail(options: argparse.Namespace) -> int:
    from trailctl.local.mail import mail

    return mail(options.port, as_json=options.json)


@_in_one_line
def _reset(options: argparse.Namespace) -> int:
    Control(options.port).post("reset")
    say("all that was made, recorded or on its way is gone; the clock shows the machine's time")
    return 0
