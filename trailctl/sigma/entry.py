"""An entry of the catalogue from a Sigma rule."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reactor.patterns import EventPattern
from reactor.testing import envelope, record
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule

from trailctl.errors import UsageError
from trailctl.sigma import matchers
from trailctl.sigma.meaning import (
    Alternative,
    Atom,
    Compared,
    FieldTest,
    InBlock,
    Null,
    SameBool,
    SameNumber,
    SameText,
    UnsaidError,
    alternatives,
)

# https://github.com/SigmaHQ/Detection-Rule-License: it asks for the author beside the rule.
_LICENSE = "DRL-1.1"
_LEVELS = {"informational": "info", "low": "low", "high": "high", "critical": "critical"}
_LONGEST_ID, _LONGEST_PART, _LONGEST_TITLE = 40, 6, 80
# Their services report in one Region of a partition.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
_GLOBAL = frozenset({"iam.amazonaws.com", "organizations.amazonaws.com"})
# A call whose name begins so changes something; of all others CloudTrail may say that they read.
_WRITES = re.compile(
    r"(?:add|associate|attach|authorize|cancel|copy|create|delete|deregister|detach|disable|"
    r"disassociate|enable|export|import|invite|leave|modify|put|reboot|register|remove|replace|"
    r"reset|restore|revoke|run|schedule|send|set|start|stop|tag|terminate|untag|update|upload)",
    re.IGNORECASE,
)
_ACCOUNT, _TIME = "111122223333", "2026-03-02T18:46:34Z"


@dataclass(frozen=True)
class Made:
    """An entry as the catalogue holds it, and its samples."""

    entry: dict[str, Any]
    samples: dict[str, list[dict[str, Any]]]


def rules(path: Path) -> list[SigmaRule | SigmaCorrelationRule]:
    """The rules of a file. Raises UsageError for what is no Sigma rule."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} can't be read: {getattr(error, 'strerror', None) or error}"
        ) from None
    return parsed(text, str(path))


def parsed(text: str, name: str) -> list[SigmaRule | SigmaCorrelationRule]:
    """The rules of a text, read by pySigma. Raises UsageError, with the name."""
    try:
        found = SigmaCollection.from_yaml(text).rules
    except Exception as error:  # what YAML's reader and pySigma raise for what is none
        reason = " ".join(str(error).split())
        raise UsageError(f"{name} is no Sigma rule: {reason or type(error).__name__}") from None
    if not found:
        raise UsageError(f"{name} holds no Sigma rule")
    return list(found)


def made(rule: SigmaRule | SigmaCorrelationRule, name: str, cased: bool = False) -> Made:
    """The entry of a rule; `name` becomes its id. Raises UnsaidError."""
    if isinstance(rule, SigmaCorrelationRule):
        raise UnsaidError(
            "correlation", "it is about several events, and an entry's pattern decides one by one"
        )
    source = rule.logsource
    if (source.product, source.service) != ("aws", "cloudtrail"):
        told = "/".join(filter(None, (source.product, source.category, source.service)))
        raise UnsaidError("other log", f"its log is {told or 'not named'}, not aws/cloudtrail")
    try:
        trees = [condition.parsed for condition in rule.detection.parsed_condition]
    except Exception as error:  # pySigma raises what it meets where a condition is no text
        reason = " ".join(str(error).split())
        raise UnsaidError("condition", f"pySigma refuses it: {reason}") from None
    meant = alternatives(trees, cased)
    entry = _entry(rule, name, meant, cased)
    return Made(entry, _samples(entry, meant))


def _entry(
    rule: SigmaRule, name: str, meant: list[dict[str, FieldTest]], cased: bool
) -> dict[str, Any]:
    patterns = matchers.patterns(meant)
    named = [_texts(each.get("eventName")) for each in meant]
    sources = [_texts(each.get("eventSource")) for each in meant]
    return {
        # A part's rule has its name behind the id.
        "id": shortened(name, _LONGEST_ID - (_LONGEST_PART if len(patterns) > 1 else 0)),
        "title": _title(rule.title),
        "severity": _LEVELS.get(rule.level.name.lower(), "medium") if rule.level else "medium",
        "why": _sentence(rule.description or rule.title),
        "runbook": _runbook(rule),
        "benchmarks": {},
        "attack": _techniques(rule),
        "regions": "global" if all(s and set(s) <= _GLOBAL for s in sources) else "every",
        "read_only": not all(names and all(map(_WRITES.match, names)) for names in named),
        "failures": _failures(meant),
        "decision": False,
        "count": None,
        "placeholders": {},
        "patterns": patterns,
        "summary": _summary(rule),
        "source": _source(rule, cased),
    }


def shortened(name: str, most: int) -> str:
    """An id of whole words of a rule's or file's name, of at most so many characters."""
    stem = re.sub(r"^aws_(cloudtrail_)?", "", name.lower())
    words = [word for word in re.split(r"[^a-z0-9]+", stem) if word]
    found = "sigma"
    for word in words:
        if len(f"{found}-{word}") > most:
            break
        found += f"-{word}"
    return found


def _title(text: str) -> str:
    words, found = " ".join(text.split()).rstrip(". ").split(), ""
    for word in words:
        if len(f"{found} {word}") > _LONGEST_TITLE:
            break
        found = f"{found} {word}".strip()
    return found if len(found) > 5 else f"Sigma rule {found}".strip()


def _sentence(text: str) -> str:
    plain = " ".join(text.split())
    return plain if plain.endswith(".") else f"{plain}."


def _runbook(rule: SigmaRule) -> str:
    known = [" ".join(str(each).split()).rstrip(".") for each in rule.falsepositives]
    known = [each for each in known if each and each.lower() not in ("unknown", "none", "unlikely")]
    asked = "Ask who did it whether it was meant."
    return f"{asked} Harmless cases that the rule names: {'; '.join(known)}." if known else asked


def _techniques(rule: SigmaRule) -> list[str]:
    names = [tag.name.upper() for tag in rule.tags if tag.namespace == "attack"]
    return sorted({name for name in names if re.fullmatch(r"T\d{4}(\.\d{3})?", name)})


def _failures(meant: list[dict[str, FieldTest]]) -> str:
    codes = [matchers.matchers(each["errorCode"]) if "errorCode" in each else [] for each in meant]
    absent = {"exists": False}
    if all(code == [absent] for code in codes):
        return "excluded"
    return "only" if all(code and absent not in code for code in codes) else "included"


def _texts(test: FieldTest | None) -> list[str]:
    """The texts of which the field has to be one; empty where others may be."""
    if test is None or test.negated:
        return []
    found = [a.parts[0].lower() for a in test.atoms if isinstance(a, SameText) and a.whole]
    return found if len(found) == len(test.atoms) else []


def _summary(rule: SigmaRule) -> dict[str, Any]:
    title = re.sub(r'[<>"\\]', "'", _title(rule.title))
    return {
        "input_paths": {
            "who": "$.detail.userIdentity.arn",
            "event": "$.detail.eventName",
            "account": "$.account",
            "region": "$.region",
            "time": "$.detail.eventTime",
            "ip": "$.detail.sourceIPAddress",
        },
        "template": f"{title}: <who> called <event> in account <account>, <region>, at <time>, "
        "from <ip>.",
    }


def _source(rule: SigmaRule, cased: bool) -> dict[str, str]:
    found = {"title": rule.title}
    if rule.id:
        found["id"] = str(rule.id)
    found["author"] = rule.author or "not named"
    found["license"] = rule.license or _LICENSE
    if cased:
        found["read_as"] = "cased"
    return found


# ---- samples


def _samples(entry: Mapping[str, Any], meant: list[dict[str, FieldTest]]) -> dict[str, Any]:
    """An event that matches, made from the rule, and one of another service that doesn't.

    `match` is empty where none can be made; then a person has to add one.
    """
    compiled = [EventPattern(pattern) for pattern in entry["patterns"].values()]

    def takes(event: dict[str, Any]) -> bool:
        return any(pattern.matches(event) for pattern in compiled)

    hits = [event for event in map(_event, meant) if takes(event)]
    misses: list[dict[str, Any]] = []
    if hits:
        other = copy.deepcopy(hits[0])
        other["source"] = "aws.example"
        other["detail"] |= {"eventSource": "example.amazonaws.com", "eventName": "Example"}
        forged = {**copy.deepcopy(hits[0]), "source": "example"}
        for case, event in (("another call", other), ("an event that somebody made up", forged)):
            if not takes(event):
                misses.append({"case": case, "refused_by": "pattern", "event": event})
    return {
        "match": [{"case": "made from the rule", "event": event} for event in hits[:1]],
        "no_match": misses,
    }


def _event(alternative: Alternative) -> dict[str, Any]:
    given = {field: _value(test) for field, test in alternative.items() if not test.negated}
    source = given.pop("eventSource", "example.amazonaws.com")
    name = given.pop("eventName", "Example")
    made = record(source, name, account=_ACCOUNT, time=_TIME)
    made |= {"requestParameters": {}, "responseElements": {}}
    for field, value in given.items():
        *steps, last = field.split(".")
        node = made
        for step in steps:
            node = node.setdefault(step, {})
        if value is None:
            node.pop(last, None)
        else:
            node[last] = value
    login = made["eventName"] == "ConsoleLogin"
    kind = "AWS Console Sign In via CloudTrail" if login else "AWS API Call via CloudTrail"
    return envelope(made, **{"detail-type": kind})


def _value(test: FieldTest) -> Any:
    """A value that passes; None where the field must not be there."""
    atom: Atom = min(test.atoms, key=lambda each: (isinstance(each, Null), repr(each)))
    match atom:
        case SameText(parts=parts):
            return "x".join(parts) if len(parts) > 1 else parts[0]
        case SameNumber(value=value) | SameBool(value=value):
            return value
        case InBlock(block=block):
            return block.partition("/")[0]
        case Compared(sign=sign, value=value):
            return value + (1 if ">" in sign else -1)
        case Null():
            return None
    return "x"
