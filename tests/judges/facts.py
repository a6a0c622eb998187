"""AWS's recorded answers, and what the local AWS answers to the same.

A file in `data/facts/` is a list of rows, a row a fact:

    {"id": "...", "before": [steps], "call": "sqs.create_queue", "with": {parameters},
     "answer": {"error": "Code", "message": "AWS's words"} or {"is": {what the answer holds}},
     "source": "where AWS said so"}

A step is the name of a recipe (`_recipes.json`) or a call, whose answer `"as": "name"` keeps.
A row with `"account": "own"` has an account to itself.
In texts `{u}` is a name of the row's own, `{account}` and `{region}` say where it runs,
`{name.Key.0}` is part of a kept answer, and `{{` is a brace. `{"json": x}` is x as a document,
`{"zip": code}` a package with handler.py, `{"repeat": "a", "times": 3}` "aaa", `{"time": seconds}`
a time counted from now. In an answer, `{"json": x}` is a document that holds x, `{"like": "a*"}`
text of a form, `{"absent": true}` what is not there; mappings may hold more than is written,
lists may not.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.harness.local_aws import LocalAws

FOLDER = Path(__file__).with_name("data") / "facts"
DIFFERENCES = Path(__file__).with_name("data") / "known_differences.json"
ACCOUNT = "250000000001"
OTHER = "250000000002"
OWN = "own"

Verdict = Literal["kept", "other words", "other answer"]

# Unlike the harness's clients these send what botocore itself would refuse.
_CONFIG = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1, "mode": "standard"},
    s3={"addressing_style": "path"},
    proxies={},
)
_PLACE = re.compile(r"\{\{|\}\}|\{([a-z]\w*(?:\.\w+)*)\}")


@dataclass(frozen=True)
class Fact:
    """One row."""

    id: str
    service: str
    call: str
    parameters: Mapping[str, Any]
    answer: Mapping[str, Any]
    source: str
    before: tuple[Any, ...] = ()
    region: str = "us-east-1"
    account: str = ACCOUNT


@dataclass(frozen=True)
class Outcome:
    """What became of a row: the verdict, and the two answers as one line each."""

    verdict: Verdict
    aws: str
    local: str


@cache
def facts() -> dict[str, Fact]:
    """All rows by id. Raises ValueError for an id that stands twice."""
    found: dict[str, Fact] = {}
    for path in sorted(FOLDER.glob("[!_]*.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            fact = Fact(
                id=row["id"],
                service=row["call"].split(".")[0],
                call=row["call"],
                parameters=row.get("with", {}),
                answer=row["answer"],
                source=row["source"],
                before=tuple(row.get("before", ())),
                region=row.get("region", "us-east-1"),
                account=row.get("account", ACCOUNT),
            )
            if fact.id in found:
                raise ValueError(f"two facts are called {fact.id}")
            found[fact.id] = fact
    return found


def known_differences() -> dict[str, dict[str, str]]:
    """The rows that the local AWS does not keep: id to {"kind": ..., "why": ...}."""
    found: dict[str, dict[str, str]] = json.loads(DIFFERENCES.read_text(encoding="utf-8"))
    return found


@dataclass
class Judge:
    """Puts rows to a local AWS."""

    aws: LocalAws
    _clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def judge(self, fact: Fact) -> Outcome:
        """Do what comes before, make the call, compare the answer with AWS's."""
        digest = hashlib.sha256(fact.id.encode()).hexdigest()
        known: dict[str, Any] = {
            "u": f"f{digest[:12]}",
            "account": f"26{int(digest, 16) % 10**10:010}" if fact.account == OWN else fact.account,
            "other": OTHER,
            "region": fact.region,
        }
        for step in _steps(fact.before):
            try:
                kept = self._call(step["call"], step.get("with", {}), known, fact, step)
            except ClientError as error:
                return Outcome("other answer", str(fact.answer), f"does not come so far: {error}")
            if "as" in step:
                known[step["as"]] = kept
        said = _said(fact.answer, known)
        wanted = fact.answer.get("error")
        try:
            answer = self._call(fact.call, fact.parameters, known, fact, {})
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            local = f"{code}: {message}"
            if wanted is None or not fnmatch.fnmatchcase(code, wanted):
                return Outcome("other answer", said, local)
            words = filled(fact.answer.get("message"), known)
            if words is None or _alike(words, message):
                return Outcome("kept", said, local)
            return Outcome("other words", said, local)
        except BotoCoreError as error:
            return Outcome("other answer", said, f"no answer that boto3 reads: {error}")
        if wanted is not None:
            return Outcome("other answer", said, "accepts it")
        lacking = difference(answer, filled(fact.answer["is"], known, plain=True))
        return Outcome("other answer" if lacking else "kept", said, lacking or "the same")

    def _call(
        self,
        call: str,
        parameters: Mapping[str, Any],
        known: Mapping[str, Any],
        fact: Fact,
        step: Mapping[str, Any],
    ) -> Any:
        service, operation = call.split(".")
        account = str(filled(step.get("account", "{account}"), known))
        region = step.get("region", fact.region)
        client = self._client(service, account, region)
        return getattr(client, operation)(**filled(parameters, known))

    def _client(self, service: str, account: str, region: str) -> Any:
        key = (service, account, region)
        if key not in self._clients:
            self._clients[key] = _session().client(
                service,  # type: ignore[call-overload]
                region_name=region,
                endpoint_url=self.aws.url,
                aws_access_key_id=account,
                aws_secret_access_key="test",
                config=_CONFIG,
            )
        return self._clients[key]


@cache
def _session() -> boto3.session.Session:
    return boto3.session.Session()


@cache
def _recipes() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads((FOLDER / "_recipes.json").read_text(encoding="utf-8"))
    return found


def _steps(before: tuple[Any, ...] | list[Any]) -> Iterator[Mapping[str, Any]]:
    for step in before:
        if isinstance(step, str):
            yield from _steps(_recipes()[step])
        else:
            yield step


def filled(value: Any, known: Mapping[str, Any], plain: bool = False) -> Any:
    """A value of a row with its places filled in; `plain` leaves what answers are compared by."""
    if isinstance(value, str):
        whole = _PLACE.fullmatch(value)
        if whole and whole[1]:
            return _part(known, whole[1])
        return _PLACE.sub(lambda m: str(_part(known, m[1])) if m[1] else m[0][0], value)
    if isinstance(value, list):
        return [filled(one, known, plain) for one in value]
    if isinstance(value, dict):
        if not plain:
            if set(value) == {"json"}:
                return json.dumps(filled(value["json"], known))
            if set(value) == {"zip"}:
                return _zipped(value["zip"])
            if set(value) == {"repeat", "times"}:
                return value["repeat"] * value["times"]
            if set(value) == {"time"}:
                return datetime.now(UTC) + timedelta(seconds=value["time"])
        return {filled(k, known): filled(one, known, plain) for k, one in value.items()}
    return value


def _part(known: Mapping[str, Any], path: str) -> Any:
    found: Any = known
    for name in path.split("."):
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


def difference(answer: Any, expected: Any, where: str = "the answer") -> str | None:
    """In what an answer does not hold what a row says of it, None where it does."""
    if isinstance(expected, dict):
        if set(expected) == {"like"}:
            alike = isinstance(answer, str) and fnmatch.fnmatchcase(answer, expected["like"])
            return None if alike else f"{where} is {answer!r}"
        if set(expected) == {"json"}:
            found = json.loads(answer) if isinstance(answer, str) else answer
            return difference(found, expected["json"], where)
        if not isinstance(answer, dict):
            return f"{where} is {answer!r}"
        for name, one in expected.items():
            if one == {"absent": True}:
                lacking = f"{name} is there" if name in answer else None
            elif name not in answer:
                lacking = f"{name} is not there"
            else:
                lacking = difference(answer[name], one, name)
            if lacking:
                return lacking
        return None
    if isinstance(expected, list):
        if not isinstance(answer, list) or len(answer) != len(expected):
            return f"{where} is {answer!r}"
        return next(filter(None, map(difference, answer, expected, [where] * len(answer))), None)
    return None if answer == expected else f"{where} is {answer!r}"


def _alike(words: str, message: str) -> bool:
    """AWS's words, in which * stands for what no one can know beforehand."""
    return re.fullmatch(".*".join(map(re.escape, words.split("*"))), message, re.DOTALL) is not None


def _said(answer: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    if "error" in answer:
        words = answer.get("message")
        return f"{answer['error']}: {filled(words, known)}" if words else str(answer["error"])
    return json.dumps(answer["is"])


@cache
def _zipped(code: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("handler.py", code)
    return memory.getvalue()
