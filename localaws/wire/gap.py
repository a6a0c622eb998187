"""Where the emulator falls short of AWS: each gap is one function in its service's file.

    @gap.refuses("s3", "PutBucketVersioning")     what AWS refuses and the emulator accepts
    @gap.answers("s3", "GetBucketVersioning")     what the emulator answers wrongly or not at all
    @gap.learns("s3", "CreateBucket")             what is remembered of a call that succeeded
    @gap.needs("s3", "PutBucketMetrics...")       what the caller must be allowed, where the
                                                  emulator asks too little or can't be asked

A decorator names the service and operations by botocore's names; `*` stands for every operation of
a service, or for every service. All but `learns` run on threads and may block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from localaws.wire.call import Call
from localaws.wire.http import Response


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that must be allowed: `ec2:StopInstances` on one ARN, with its condition keys."""

    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


Refuse = Callable[[Call], None]
"""Raises RefusalError for what AWS refuses."""
Answer = Callable[[Call], Response | Mapping[str, Any]]
"""A whole response, or the members of one; RefusalError is an answer, too."""
Learn = Callable[[Call], None]
"""Runs on the event loop, before the client has its answer: it must be quick."""
Needs = Callable[[Call], Iterable[Need]]

Key = tuple[str, str]
_Refuse = TypeVar("_Refuse", bound=Refuse)
_Answer = TypeVar("_Answer", bound=Answer)
_Learn = TypeVar("_Learn", bound=Learn)
_Needs = TypeVar("_Needs", bound=Needs)


@dataclass(frozen=True, slots=True)
class Answering:
    """An answer in the emulator's place.

    `alone`: the emulator must not see the call, so that the layer alone authorizes it. `inside`: it
    holds for the local AWS's own calls, too, where the emulator's answer would show a state that
    AWS would not be in.
    """

    answer: Answer
    alone: bool = False
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Needing:
    """What a call needs; `besides`: besides what the emulator asks for, not in its place."""

    needs: Needs
    besides: bool = False


_refusals: dict[Key, list[Refuse]] = {}
_answers: dict[Key, Answering] = {}
_learning: dict[Key, list[Learn]] = {}
_needs: dict[Key, Needing] = {}


def refuses(service: str, *operations: str) -> Callable[[_Refuse], _Refuse]:
    def register(check: _Refuse) -> _Refuse:
        for operation in operations:
            _refusals.setdefault((service, operation), []).append(check)
        return check

    return register


def answers(
    service: str, *operations: str, alone: bool = False, inside: bool = False
) -> Callable[[_Answer], _Answer]:
    def register(answer: _Answer) -> _Answer:
        for operation in operations:
            _once(_answers, (service, operation))
            _answers[service, operation] = Answering(answer, alone, inside)
        return answer

    return register


def learns(service: str, *operations: str) -> Callable[[_Learn], _Learn]:
    def register(learn: _Learn) -> _Learn:
        for operation in operations:
            _learning.setdefault((service, operation), []).append(learn)
        return learn

    return register


def needs(service: str, *operations: str, besides: bool = False) -> Callable[[_Needs], _Needs]:
    def register(needs: _Needs) -> _Needs:
        for operation in operations:
            _once(_needs, (service, operation))
            _needs[service, operation] = Needing(needs, besides)
        return needs

    return register


def _once(table: Mapping[Key, object], key: Key) -> None:
    if key in table:
        raise RuntimeError(f"{key[0]}:{key[1]} is registered twice")


# --- what the handlers ask -----------------------------------------------------------------------


def refusals_of(call: Call) -> list[Refuse]:
    """The checks of a call: its own, then its service's."""
    return [check for key in _keys(call) for check in _refusals.get(key, ())]


def answer_of(call: Call) -> Answering | None:
    return next((_answers[key] for key in _keys(call) if key in _answers), None)


def learning_of(call: Call) -> Iterator[Learn]:
    for key in (*_keys(call), ("*", "*")):
        yield from _learning.get(key, ())


def needs_of(call: Call) -> Needing | None:
    return next((_needs[key] for key in _keys(call) if key in _needs), None)


def _keys(call: Call) -> tuple[Key, Key]:
    return call.key, (call.service, "*")
