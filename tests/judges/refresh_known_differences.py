"""Put every recorded fact to a local AWS, and write down anew what it does not keep.

    python -m tests.judges.refresh_known_differences

Writes `data/known_differences.json`, in which a reason that somebody has written stays, and the
table `not_kept.md`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.harness.local_aws import running
from tests.judges.facts import DIFFERENCES, Fact, Judge, Outcome, facts, known_differences

COMMAND = ".venv/bin/python -m tests.judges.refresh_known_differences"
TABLE = Path(__file__).with_name("not_kept.md")

# What another run, or another row, has differently.
_OWN = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "{uuid}"),
    (re.compile(r"\bf[0-9a-f]{12}\b"), "{u}"),
    (re.compile(r"\b2[56]\d{10}\b"), "{account}"),
)

_HEAD = """\
# What the local AWS does not keep

Of {facts} recorded answers of AWS the local AWS gives {kept}; {answers} others differ, and {words}\
 refusals differ in their words alone.

## Other answers
| call | fact | AWS | local AWS |
|---|---|---|---|
{rows}
"""


def main() -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as aws:
        judge = Judge(aws)
        outcomes = {fact.id: judge.judge(fact) for fact in facts().values()}
    before = known_differences() if DIFFERENCES.exists() else {}
    found = {
        name: {"kind": outcome.verdict, "why": _why(outcome, before.get(name, {}))}
        for name, outcome in sorted(outcomes.items())
        if outcome.verdict != "kept"
    }
    text = json.dumps(found, indent=1, ensure_ascii=False)
    DIFFERENCES.write_text(f"{text}\n", encoding="utf-8")
    TABLE.write_text(table(facts(), found), encoding="utf-8")
    for name in sorted({*before} ^ {*found}):
        sys.stdout.write(f"{'not kept' if name in found else 'kept now'}: {name}\n")
    sys.stdout.write(f"{len(outcomes)} facts, {len(found)} not kept\n")


def table(all_facts: Mapping[str, Fact], different: Mapping[str, Mapping[str, str]]) -> str:
    """The table for people, from the rows and the list of those that are not kept."""
    answers = [name for name, entry in different.items() if entry["kind"] == "other answer"]
    rows = [
        f"| `{all_facts[name].call}` | {name} | {_cell(_aws(all_facts[name]))} "
        f"| {_cell(different[name]['why'])} |"
        for name in answers
    ]
    return _HEAD.format(
        facts=len(all_facts),
        kept=len(all_facts) - len(different),
        answers=len(answers),
        words=len(different) - len(answers),
        rows="\n".join(rows),
    )


def _aws(fact: Fact) -> str:
    if "error" in fact.answer:
        return f"`{fact.answer['error']}`"
    return "accepts it" if not fact.answer["is"] else json.dumps(fact.answer["is"])


def _why(outcome: Outcome, before: Mapping[str, str]) -> str:
    """A reason that stands already, or what the local AWS answers."""
    if before.get("kind") == outcome.verdict:
        return before["why"]
    text = outcome.local
    for form, name in _OWN:
        text = form.sub(name, text)
    return text[:200]


def _cell(text: str) -> str:
    short = text if len(text) <= 160 else text[:157] + "..."
    return short.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
