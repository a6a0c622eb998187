"""Runs the AWS CLI (version 1) and tells where it would have connected to.

Run by the CLI's own Python. Its input is a JSON list of calls, its output one of outcomes:

    [{"arguments": ["sqs", "list-queues"], "environment": {...}, "group": 0},
     {"service": "sqs", "environment": {...}, "group": 1}]
    [{"call": "sqs list-queues", "group": 0, "code": 255, "places": ["127.0.0.1:1"]}, ...]

Of a `service` one call is made that it has. No connection leaves the machine: whatever is no
address of the loopback is refused before it is looked up.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import sys
from typing import Any

_PLACES: list[str] = []


def _guard() -> None:
    def looked_up(host: Any, port: Any, *_: Any, **__: Any) -> Any:
        if isinstance(host, bytes):
            host = host.decode()
        _PLACES.append(f"{host}:{port}")
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "kept at home")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, int(port)))]

    def connected(_: Any, address: Any) -> None:
        if not (isinstance(address, tuple) and address[0] == "127.0.0.1"):
            _PLACES.append(f"{address}")
        raise ConnectionRefusedError

    socket.getaddrinfo = looked_up
    socket.socket.connect = connected  # type: ignore[method-assign]


_ANY = "arn:aws:x:us-east-1:111122223333:x/abcdefghijkl"
# What the CLI makes addresses of, and so looks at before it calls.
_VALUES = {
    "--account-id": "111122223333",
    "--kvs-arn": "arn:aws:cloudfront::111122223333:key-value-store/abcdefghijkl",
}


def _call(service: str, driver: Any) -> list[str] | None:
    """The arguments of a call with as few members as possible; None if all want structures."""
    table = driver._get_command_table()[service]._get_command_table()
    best: list[str] | None = None
    for name, command in table.items():
        model = getattr(command, "_operation_model", None)
        if model is None or model.has_streaming_output or model.has_event_stream_output:
            continue
        shape = model.input_shape
        needed = [(each, shape.members[each]) for each in shape.required_members] if shape else []
        if any(kind.type_name != "string" or kind.enum for _, kind in needed):
            continue
        given = [service, name]
        for argument in command.arg_table.values():
            if argument.required:
                given += [argument.cli_name, _VALUES.get(argument.cli_name, _ANY)]
        if best is None or len(given) < len(best):
            best = given
    return best


def main() -> None:
    """Make the calls."""
    _guard()
    from awscli.clidriver import create_clidriver  # type: ignore[import-not-found]

    data = os.environ["AWS_DATA_PATH"]  # set by what was imported
    outcomes = []
    for call in json.load(sys.stdin):
        os.environ.clear()
        os.environ.update({**call["environment"], "AWS_DATA_PATH": data, "AWS_MAX_ATTEMPTS": "1"})
        _PLACES.clear()
        driver = create_clidriver()
        arguments = call.get("arguments") or _call(call["service"], driver)
        if arguments is None:
            continue
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = driver.main([*arguments, *call.get("more", ())])
            except SystemExit as error:
                code = error.code
        outcomes.append(
            {
                "call": " ".join(arguments),
                "group": call["group"],
                "code": code,
                "err": err.getvalue()[-300:],
                "places": sorted(set(_PLACES)),
            }
        )
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
