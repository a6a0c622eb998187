"""From an event to the few rules that may match it.

Rules are sorted into a tree. At each node the rules left over are split by the field that tells
them apart best, and filed under the values they accept there; an event looks its own value up and
goes on with that part only. Prefixes, suffixes and wildcards are filed under their fixed ends.
What cannot be filed, and the few rules left at the end, are tried one by one.

A node is worked out when an event first gets to it: the combinations of values that rules could
form are many, those that events have are few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import Any, TypeAlias

from reactor.patterns.arrays import consistent, sort_key
from reactor.patterns.compile import Test, compile_matchers
from reactor.patterns.digits import comparable, number_text
from reactor.patterns.model import (
    Branch,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Matcher,
    Number,
    Prefix,
    Suffix,
    Wildcard,
)
from reactor.patterns.paths import (
    MISSING,
    SCALARS,
    Event,
    Fetch,
    Tangled,
    dotted_keys,
    fetcher,
    resolver,
)

# How a value is looked up: whole, or by its first or last so many characters.
_WHOLE, _CONSTANT, _FOLDED, _HEAD, _TAIL = range(5)
_Key: TypeAlias = "tuple[int, int, Hashable]"

# Sums up with anything to less than nothing.
_NO = -(1 << 30)
# Values that a test takes as they are; strings, being most, are asked for first.
_PLAIN = SCALARS - {str}
# With so few rules left, trying them costs less than another look-up.
_FEW = 2


class Condition:
    """What a rule asks of one field, compiled; equal ones are shared by all rules."""

    __slots__ = ("absent", "conclusive", "fetch", "keys", "path", "resolve", "step", "test")

    def __init__(self, path: str, matchers: tuple[Matcher, ...], fetch: Fetch, resolve: Fetch):
        self.path = path
        self.fetch = fetch
        self.resolve = resolve
        self.test: Test = compile_matchers(matchers)
        self.absent = any(isinstance(m, Exists) and not m.present for m in matchers)
        self.step = (fetch, self.test, self.absent)
        keys: list[_Key] | None = []
        self.conclusive = True
        for matcher in matchers:
            filed = _file(matcher)
            if filed is None or keys is None:
                keys = None
                break
            key, conclusive = filed
            keys.append(key)
            self.conclusive = self.conclusive and conclusive
        self.keys = None if keys is None else tuple(dict.fromkeys(keys))


class Candidate:
    """A conjunction of conditions and the rules that have it."""

    __slots__ = ("conditions", "names")

    def __init__(self, conditions: tuple[Condition, ...]) -> None:
        self.conditions = conditions
        self.names: set[str] = set()


def _file(matcher: Matcher) -> tuple[_Key, bool] | None:
    """The key to file a matcher under, and whether to find it there means that it matches."""
    match matcher:
        case Exact(value=str(text)):
            return (_WHOLE, 0, text), True
        case Exact() | Number():
            constant = matcher.value if isinstance(matcher, Exact) else _number_key(matcher)
            return (_CONSTANT, 0, constant), True
        case EqualsIgnoreCase(text=text) if text.isascii():
            return (_FOLDED, 0, text.lower()), True
        case Prefix(text=text, ignore_case=False) if text and text[-1] != '"':
            return (_HEAD, len(text), text), True
        case Suffix(text=text, ignore_case=False) if text and text[0] != '"':
            return (_TAIL, len(text), text), True
        case Wildcard(parts=parts):
            if len(parts) == 1:
                return (_WHOLE, 0, parts[0]), True
            if parts[0]:
                return (_HEAD, len(parts[0]), parts[0]), len(parts) == 2 and not parts[1]
            if parts[-1]:
                return (_TAIL, len(parts[-1]), parts[-1]), len(parts) == 2
    return None


def _number_key(number: Number) -> Hashable:
    return ("text", number.text) if number.value is None else ("number", number.value)


def _constant_key(value: Any) -> Hashable:
    if value is None or value.__class__ is bool:
        return value
    number = comparable(value)
    return ("text", number_text(value)) if number is None else ("number", number)


# What is left to try of a rule: the first test and whether absence will do, more of these with
# the field to read, and the rule.
_Trial: TypeAlias = "tuple[Test, bool, tuple[tuple[Fetch, Test, bool], ...], Candidate]"


class Index:
    """The rules of a node that can be told apart by one field."""

    __slots__ = ("constants", "fetch", "probes", "resolve", "strings")

    def __init__(self, condition: Condition) -> None:
        self.fetch = condition.fetch
        self.resolve = condition.resolve
        self.strings: dict[str, Node] = {}
        self.constants: dict[Hashable, Node] = {}
        self.probes: list[tuple[int, int, dict[Hashable, Node]]] = []

    def put(self, key: _Key, candidate: Candidate, tested: frozenset[str]) -> None:
        kind, size, value = key
        table = self._table(kind, size)
        node = table.get(value)
        if node is None:
            node = table[value] = Node(tested)
        node.candidates.append(candidate)

    def _table(self, kind: int, size: int) -> dict[Any, Node]:
        if kind == _CONSTANT:
            return self.constants
        if kind == _WHOLE:
            return self.strings
        for known, length, table in self.probes:
            if known == kind and length == size:
                return table
        table = {}
        self.probes.append((kind, size, table))
        return table

    def probe(self, value: str) -> Iterator[Node]:
        """Nodes that ``value`` gets to by a part of it."""
        for kind, size, table in self.probes:
            if kind == _HEAD:
                node = table.get(value[:size])
            elif kind == _TAIL:
                node = table.get(value[-size:])
            else:
                node = table.get(value.lower()) if value.isascii() else None
            if node is not None:
                yield node


class Node:
    """A set of rules that an event with certain values may match."""

    __slots__ = ("candidates", "certain", "indexes", "ready", "remaining", "rest", "tested")

    def __init__(self, tested: frozenset[str]) -> None:
        self.candidates: list[Candidate] = []
        self.tested = tested
        self.ready = False
        self.indexes: list[Index] = []
        # By the field that is looked at first, so that it is read once for all.
        self.remaining: list[tuple[Fetch, list[_Trial]]] = []
        self.certain: list[Candidate] = []
        self.rest: list[Candidate] = []

    def grow(self) -> None:
        """Work out the node's look-ups."""
        indexes: list[Index] = []
        rest = self.candidates
        while len(rest) > _FEW:
            path = self._best(rest)
            if path is None:
                break
            index, rest = self._split(path, rest)
            indexes.append(index)
        self.rest = rest
        self._line_up(rest)
        self.indexes = indexes
        self.ready = True

    def _open(self, candidate: Candidate) -> Iterator[Condition]:
        return (c for c in candidate.conditions if c.path not in self.tested)

    def _best(self, candidates: list[Candidate]) -> str | None:
        """The field that leaves fewest rules to look at: unfiled, or filed under one value."""
        filed: Counter[str] = Counter()
        values: dict[str, Counter[_Key]] = {}
        for candidate in candidates:
            for condition in self._open(candidate):
                if condition.keys is not None:
                    filed[condition.path] += 1
                    values.setdefault(condition.path, Counter()).update(condition.keys)
        best = None
        least = float(len(candidates))
        for path, count in filed.items():
            sizes = values[path]
            left = len(candidates) - count + sizes.total() / len(sizes)
            if left < least:
                best, least = path, left
        return best

    def _split(self, path: str, candidates: list[Candidate]) -> tuple[Index, list[Candidate]]:
        index: Index | None = None
        rest = []
        done = self.tested | {path}
        for candidate in candidates:
            for condition in self._open(candidate):
                if condition.path == path and condition.keys is not None:
                    if index is None:
                        index = Index(condition)
                    for key in condition.keys:
                        index.put(key, candidate, done)
                    break
            else:
                rest.append(candidate)
        assert index is not None
        return index, rest

    def _line_up(self, candidates: list[Candidate]) -> None:
        """Set out what is left to try of each rule."""
        # What was found by a part of its value only is tried again in full.
        left = {
            candidate: [
                condition
                for condition in candidate.conditions
                if condition.path not in self.tested or not condition.conclusive
            ]
            for candidate in candidates
        }
        # What rules ask of a field in many ways tells them apart; the field is read once for all.
        asked = {condition for open_ in left.values() for condition in open_}
        ways = Counter(condition.path for condition in asked)
        groups: dict[str, tuple[Fetch, list[_Trial]]] = {}
        for candidate, open_ in left.items():
            if not open_:
                # Without any of its fields in arrays there is nothing more to agree on.
                self.certain.append(candidate)
                continue
            open_.sort(
                key=lambda c: (
                    -ways[c.path],
                    c.keys is None,
                    len(c.keys or ()),
                    c.path.count("."),
                )
            )
            first, *others = open_
            trial = (first.test, first.absent, tuple(c.step for c in others), candidate)
            groups.setdefault(first.path, (first.fetch, []))[1].append(trial)
        self.remaining = list(groups.values())


class Tree:
    """All rules, ready to be looked up."""

    def __init__(self, rules: Iterable[tuple[str, Iterable[Branch]]]) -> None:
        self._root = Node(frozenset())
        self._conditions: dict[tuple[str, tuple[Matcher, ...]], Condition] = {}
        self._access: dict[str, tuple[Fetch, Fetch]] = {}
        candidates: dict[tuple[int, ...], Candidate] = {}
        for name, branches in rules:
            for branch in branches:
                conditions = self._compile(branch)
                identity = tuple(map(id, conditions))
                candidate = candidates.get(identity)
                if candidate is None:
                    candidate = candidates[identity] = Candidate(conditions)
                candidate.names.add(name)
        self._root.candidates = list(candidates.values())
        self.fields = frozenset(self._access)
        self._dotted = frozenset(key for path in self.fields for key in dotted_keys(path, 0))
        inner: dict[str, set[str]] = {}
        for path in self.fields:
            keys = dotted_keys(path, 1)
            if keys:
                inner.setdefault(path.partition(".")[0], set()).update(keys)
        self._dotted_inside = [(first, frozenset(keys)) for first, keys in inner.items()]

    def _compile(self, branch: Branch) -> tuple[Condition, ...]:
        conditions = []
        for path in sorted(branch, key=sort_key):
            key = (path, branch[path])
            condition = self._conditions.get(key)
            if condition is None:
                access = self._access.get(path)
                if access is None:
                    access = self._access[path] = (fetcher(path), resolver(path))
                condition = self._conditions[key] = Condition(*key, *access)
            conditions.append(condition)
        return tuple(conditions)

    def match(self, event: Event) -> set[str]:
        """Names of the rules that the event matches."""
        found: set[str] = set()
        if self._has_dotted_keys(event):
            self._walk_slowly(self._root, event, found)
        else:
            self._walk(self._root, event, found, 0)
        return found

    def _has_dotted_keys(self, event: Event) -> bool:
        if not event.keys().isdisjoint(self._dotted):
            return True
        for first, dotted in self._dotted_inside:
            inner = event.get(first)
            if inner.__class__ is dict and not inner.keys().isdisjoint(dotted):
                return True
        return False

    def _walk(self, node: Node, event: Event, found: set[str], tangled: int) -> None:
        """``tangled`` counts the fields, on the way here, with values in several elements."""
        if not node.ready:
            node.grow()
        for index in node.indexes:
            value = index.fetch(event)
            kind = value.__class__
            if kind is str:
                child = index.strings.get(value)
                if child is not None:
                    self._walk(child, event, found, tangled)
                if index.probes:
                    for child in index.probe(value):
                        self._walk(child, event, found, tangled)
            elif value is MISSING:
                continue
            elif kind is list or kind is Tangled:
                ties = tangled + (kind is Tangled)
                for child in _children(index, value):
                    self._walk(child, event, found, ties)
            else:
                child = index.constants.get(_constant_key(value))
                if child is not None:
                    self._walk(child, event, found, tangled)
        for candidate in node.certain:
            if tangled < 2 or consistent(event, candidate.conditions):
                found |= candidate.names
        for fetch, trials in node.remaining:
            value = fetch(event)
            kind = value.__class__
            for test, absent, steps, candidate in trials:
                ties = tangled
                if kind is str:
                    if not test(value):
                        continue
                elif not (kind in _PLAIN and test(value)):
                    ties += _try(value, test, absent)
                    if ties < 0:
                        continue
                for fetch_next, test_next, absent_next in steps:
                    following = fetch_next(event)
                    kind_next = following.__class__
                    if kind_next is str:
                        if not test_next(following):
                            break
                    elif not (kind_next in _PLAIN and test_next(following)):
                        ties += _try(following, test_next, absent_next)
                        if ties < 0:
                            break
                else:
                    if ties < 2 or consistent(event, candidate.conditions):
                        found |= candidate.names

    def _walk_slowly(self, node: Node, event: Event, found: set[str]) -> None:
        """The same for events in which a key with a dot may stand for several steps."""
        if not node.ready:
            node.grow()
        for index in node.indexes:
            value = index.resolve(event)
            if value is not MISSING:
                values = value if isinstance(value, list) else [value]
                for child in _children(index, values):
                    self._walk_slowly(child, event, found)
        for candidate in node.rest:
            if consistent(event, candidate.conditions):
                found |= candidate.names


def _try(value: Any, test: Test, absent: bool) -> int:
    """Whether a field matches that is not one plain value: `_NO`, or what to count as tangled."""
    if value is MISSING:
        return 0 if absent else _NO
    if value.__class__ is Tangled:
        if absent:
            return 2  # it may be absent from the element that matters, which takes a closer look
        return 1 if any(map(test, value)) else _NO
    if value.__class__ is list:
        return 0 if any(map(test, value)) else _NO
    return _NO


def _children(index: Index, values: list[Any]) -> Iterable[Node]:
    """The nodes that any of the values gets to, each once."""
    children: dict[int, Node] = {}
    for value in values:
        if value.__class__ is str:
            nodes = list(index.probe(value))
            child = index.strings.get(value)
        else:
            nodes = []
            child = index.constants.get(_constant_key(value))
        if child is not None:
            nodes.append(child)
        for node in nodes:
            children[id(node)] = node
    return children.values()
