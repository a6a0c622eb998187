"""The rules to replay: of the catalogue, of a Terraform plan or state, or patterns in files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reactor.detections.definition import DefinitionError, read_definition
from reactor.detections.exclusions import Exclusion
from reactor.patterns import EventPattern, PatternError

from trailctl.errors import UsageError
from trailctl.replay.catalogue import CatalogueEntry, Count

_EVENT = "<aws.events.event.json>"
_ALL = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@dataclass(frozen=True)
class Rule:
    """One rule.

    `pattern` is JSON text.

    `sees_reads` is False if the rule's state keeps read-only management events from it, None if no
    state is known. `detection` is the catalogue's id. `decided` is True if a function of `reactor`
    decides on the events that the pattern matches. `count` is the number of findings that make one
    alert. `exclusions` are left alone; each has its name.
    """

    name: str
    pattern: str
    sees_reads: bool | None = None
    severity: str = ""
    title: str = ""
    why: str = ""
    runbook: str = ""
    attack: tuple[str, ...] = ()
    detection: str = ""
    decided: bool = False
    count: Count | None = None
    exclusions: Mapping[Exclusion, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wired:
    """A reaction that a plan deploys: the function's name, its handler and settings (JSON)."""

    function: str
    handler: str
    settings: str


@dataclass(frozen=True)
class Planned:
    """The rules and reactions of a plan or state; `notes` has a sentence on each that can't be
    replayed.
    """

    rules: list[Rule]
    reactions: list[Wired]
    notes: list[str] = field(default_factory=list)


def from_catalogue(
    entries: Iterable[CatalogueEntry],
    values: Mapping[str, Sequence[str]],
    exclusions: Mapping[str, Mapping[Exclusion, str]] = {},
) -> tuple[list[Rule], list[str]]:
    """A rule for each entry's part, and a sentence on the entries whose placeholders lack values.

    Raises UsageError for a value that no entry of the catalogue asks for.
    """
    rules: list[Rule] = []
    lacking = []
    for entry in entries:
        found = entry.rules(values)
        missing = [name for name, each in entry.placeholders.items() if each.required]
        missing = [name for name in missing if not values.get(name)]
        if missing:
            lacking.append(f"{entry.id} ({', '.join(missing)})")
        rules += [
            Rule(
                name=key,
                pattern=json.dumps(pattern),
                sees_reads=entry.read_only,
                severity=entry.severity,
                title=entry.title,
                why=entry.why,
                runbook=entry.runbook,
                attack=entry.attack,
                detection=entry.id,
                decided=entry.decision,
                count=entry.count,
                exclusions={**exclusions.get(entry.id, {}), **exclusions.get("*", {})},
            )
            for key, pattern in found.items()
        ]
    if not lacking:
        return rules, []
    return rules, [
        f"not whole without names that you know: {', '.join(lacking)}: --value NAME=VALUE"
    ]


def from_patterns(paths: Iterable[str]) -> list[Rule]:
    """A rule for each pattern file, by the file's name. Raises UsageError."""
    rules: dict[str, Rule] = {}
    for path in paths:
        text = read_text(path)
        name = Path(path).stem
        if name in rules:
            name = path
        try:
            EventPattern(text)
        except PatternError as error:
            raise UsageError(f"{path}: {error}") from None
        rules[name] = Rule(name=name, pattern=text)
    return list(rules.values())


def from_plan(path: str) -> Planned:
    """The rules and reactions of `terraform show -json` (of a plan or a state) or a state file.

    Raises UsageError if the file is none of these or holds no rule that can be replayed.
    """
    try:
        document = json.loads(read_text(path))
    except ValueError as error:
        raise UsageError(
            f"{path} is no JSON ({error}): make it with `terraform show -json`, of a plan file or "
            "without one for the state"
        ) from None
    resources = list(_resources(document))
    if not resources and not _is_terraform(document):
        raise UsageError(
            f"{path} is neither a plan nor a state of Terraform: make it with `terraform show "
            "-json`"
        )
    rules: dict[str, Rule] = {}
    reactions: list[Wired] = []
    notes: list[str] = []
    told = _definitions(resources)
    for address, kind, values in resources:
        if kind == "aws_cloudwatch_event_rule":
            rule = _rule(address, values, notes)
            if rule is not None:
                name = rule.name if rule.name not in rules else address
                rules[name] = _defined(replace(rule, name=name), told.get(rule.name), notes)
        elif kind == "aws_lambda_function":
            wired = _wired(values)
            if wired is not None:
                reactions.append(wired)
    if not rules:
        why = f" ({'; '.join(notes)})" if notes else ""
        raise UsageError(f"{path} holds no EventBridge rule with a pattern that is known{why}")
    return Planned(list(rules.values()), reactions, notes)


def read_text(path: str) -> str:
    """A file's text. Raises UsageError."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror or error}") from None


def _is_terraform(document: Any) -> bool:
    return isinstance(document, dict) and (
        "terraform_version" in document or "format_version" in document
    )


def _resources(document: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Address, type and values of every managed resource, in any of Terraform's three shapes."""
    if not isinstance(document, dict):
        return
    planned, values = document.get("planned_values"), document.get("values")
    for tree in (planned, values if not isinstance(planned, dict) else None):
        if isinstance(tree, dict):
            yield from _module(tree.get("root_module"))
    if isinstance(document.get("resources"), list):  # a state file as it lies in the backend
        for resource in document["resources"]:
            if not isinstance(resource, dict) or resource.get("mode") != "managed":
                continue
            kind, name = str(resource.get("type")), resource.get("name")
            for instance in resource.get("instances") or []:
                key = instance.get("index_key")
                place = f"{resource.get('module', '')}.{kind}.{name}".lstrip(".")
                suffix = "" if key is None else f"[{json.dumps(key)}]"
                yield place + suffix, kind, instance.get("attributes") or {}


def _module(module: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    if not isinstance(module, dict):
        return
    for resource in module.get("resources") or []:
        if isinstance(resource, dict) and resource.get("mode") == "managed":
            values = resource.get("values")
            yield (
                str(resource.get("address")),
                str(resource.get("type")),
                values if isinstance(values, dict) else {},
            )
    for child in module.get("child_modules") or []:
        yield from _module(child)


def _rule(address: str, values: Mapping[str, Any], notes: list[str]) -> Rule | None:
    name = values.get("name") or address
    pattern = values.get("event_pattern")
    if not isinstance(pattern, str) or not pattern:
        if not values.get("schedule_expression"):
            notes.append(f"the pattern of {address} is not known before apply")
        return None
    try:
        EventPattern(pattern)
    except PatternError as error:
        raise UsageError(f"{address}: {error}") from None
    state = values.get("state") or ("ENABLED" if values.get("is_enabled", True) else "DISABLED")
    if state == "DISABLED":
        notes.append(f"{name} is disabled")
        return None
    return Rule(
        name=str(name),
        pattern=pattern,
        sees_reads=state == _ALL,
        title=str(values.get("description") or ""),
    )


def _definitions(resources: Iterable[tuple[str, str, Mapping[str, Any]]]) -> dict[str, str]:
    """What targets hand to a function beside the event, by the name of their rule."""
    found = {}
    for _, kind, values in resources:
        if kind != "aws_cloudwatch_event_target":
            continue
        template = ((values.get("input_transformer") or [{}])[0] or {}).get("input_template")
        if isinstance(template, str) and template.startswith('{"detection":'):
            found[str(values.get("rule"))] = template.replace(_EVENT, "null")
    return found


def _defined(rule: Rule, told: str | None, notes: list[str]) -> Rule:
    """The rule with the definition of its detection, as the function reads it."""
    if told is None:
        return rule
    try:
        given = read_definition(json.loads(told)["detection"])
        exclusions = {
            Exclusion.parse(each): f"{given.id}[{n}]" for n, each in enumerate(given.exclusions)
        }
    except (ValueError, DefinitionError) as error:
        notes.append(f"the detection of {rule.name} can't be read, and its function fails: {error}")
        return rule
    return replace(
        rule,
        severity=given.severity,
        title=given.title,
        why=given.why,
        runbook=given.runbook,
        attack=given.attack,
        detection=given.id,
        decided=given.decision,
        exclusions=exclusions,
    )


def _wired(values: Mapping[str, Any]) -> Wired | None:
    handler = values.get("handler")
    if not isinstance(handler, str) or not handler.startswith("reactor.reactions."):
        return None
    environment = (values.get("environment") or [{}])[0] or {}
    variables = environment.get("variables") or {}
    return Wired(
        function=str(values.get("function_name") or handler),
        handler=handler,
        settings=str(variables.get("REACTION_SETTINGS") or "{}"),
    )
