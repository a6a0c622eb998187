"""`trailctl completion`: what a shell needs to complete trailctl's commands, options and ids.

Completing never calls AWS: it reads the parser, the catalogue and the AWS configuration.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from trailctl.terminal import Help

SHELLS = ("bash", "zsh", "fish")
_HELP = """\
Prints what makes the Tab key complete trailctl's commands, options, detections' ids, profiles and
Regions. No call to AWS is made for it. For good:

bash:
  trailctl completion bash >> ~/.bashrc
zsh, below compinit:
  trailctl completion zsh >> ~/.zshrc
fish:
  trailctl completion fish > ~/.config/fish/completions/trailctl.fish
"""


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "completion",
        help="print what a shell needs to complete commands, options and ids",
        description=_HELP,
        formatter_class=Help,
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(command=_run)


def complete(parser: argparse.ArgumentParser) -> None:
    """Answers the shell, and exits, where a shell asks."""
    import argcomplete

    argcomplete.autocomplete(parser)


def detections(**_: Any) -> Sequence[str]:
    """The ids of the catalogue."""
    from trailctl.replay.catalogue import load_catalogue

    return list(load_catalogue())


def _run(options: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    sys.stdout.write(shellcode(["trailctl"], shell=options.shell))
    return 0
