"""The examples' READMEs as the tests read them."""

from __future__ import annotations

import re

LAPTOP = "On a laptop, without an AWS account"
OWN = "In a repository of your own"
UNDO = "How to undo"


def sections(page: str) -> dict[str, str]:
    """What stands under each heading of the second level, in their order."""
    _, *rest = re.split(r"^## (.*)\n", page, flags=re.MULTILINE)
    return dict(zip(rest[::2], rest[1::2], strict=True))


def blocks(text: str) -> list[str]:
    """The blocks of shell in a text, in their order."""
    return re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
