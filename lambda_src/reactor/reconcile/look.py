"""Looks at a place's log of a time: what rules did not see, and why. It changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from reactor.reconcile.judge import HANDED_ON, Arrival, Judge, Judged, NoLogFileError
from reactor.reconcile.log import File
from reactor.reconcile.rules import Rule
from reactor.reconcile.sources import AwsLike
from reactor.retry import error_code


def unseen(
    files: Iterable[File],
    judge: Judge,
    states: RuleStates,
    unread: Callable[[str, str], None],
) -> Iterator[Judged]:
    """The events of log files that rules did not see, each with its verdict.

    `unread` is told the key of a file that is left out, and why. What the rules saw is in the
    judge's tallies.
    """
    for file in files:
        reason = file.reason
        try:
            for judged in judge.judge(file.text) if file.text is not None else ():
                if judged.verdict in HANDED_ON:
                    yield judge.again(judged, states.of(judged.rule))
                else:
                    yield judged
        except NoLogFileError as error:
            reason = str(error)
        if reason:
            unread(file.key, reason)


class RuleStates:
    """Why a rule saw nothing, by its state now; each rule is looked up once.

    `unread` is told the ARN of a rule whose state can't be read, within the error's `except`.
    """

    def __init__(self, aws: AwsLike, unread: Callable[[str], None]) -> None:
        self._aws = aws
        self._unread = unread
        self._known: dict[str, Arrival] = {}

    def of(self, rule: Rule) -> Arrival:
        """`disabled` where somebody disabled, changed or deleted it; else, or unread, `lost`."""
        if rule.arn not in self._known:
            self._known[rule.arn] = self._look(rule)
        return self._known[rule.arn]

    def _look(self, rule: Rule) -> Arrival:
        parts = rule.arn.split(":")
        bus, _, name = parts[5].removeprefix("rule/").rpartition("/")
        call = {"Name": name, **({"EventBusName": bus} if bus else {})}
        try:
            found = self._aws.client("events", parts[3]).describe_rule(**call)
        except Exception as error:
            if error_code(error) == "ResourceNotFoundException":
                return Arrival.DISABLED  # somebody took it away; Terraform still tells of it
            # Its targets must not wait for the reason.
            self._unread(rule.arn)
            return Arrival.LOST
        if found.get("State") == "DISABLED":
            return Arrival.DISABLED
        same = _json(found.get("EventPattern")) == _json(rule.pattern)
        return Arrival.LOST if same else Arrival.DISABLED


def _json(text: str | None) -> Any:
    return json.loads(text) if text else None
