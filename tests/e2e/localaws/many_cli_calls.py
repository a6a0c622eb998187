"""Runs the AWS CLI many times in one process: it takes longer to start than to do what is asked.

Run by the CLI's own Python. Each line of standard input is a call, each line of output its outcome:

    {"arguments": ["s3", "ls"], "environment": {"AWS_REGION": "us-east-1"}}
    {"code": 0, "out": "...", "err": "..."}
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys


def main() -> None:
    """Answer until the input ends."""
    # Only the CLI's own environment has it.
    from awscli.clidriver import create_clidriver  # type: ignore[import-not-found]

    answers = sys.stdout
    own = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}  # set by what was imported
    for line in sys.stdin:
        call = json.loads(line)
        os.environ.clear()
        os.environ.update(own | call["environment"])
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in "12")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = create_clidriver().main(call["arguments"])
        outcome = {"code": code, "out": _text(out), "err": _text(err)}
        print(json.dumps(outcome), file=answers, flush=True)


def _text(stream: io.TextIOWrapper) -> str:
    written = stream.buffer
    assert isinstance(written, io.BytesIO)
    return written.getvalue().decode()


if __name__ == "__main__":
    main()
