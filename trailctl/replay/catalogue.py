"""The detections catalogue of modules/detections, as Terraform reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from reactor.detections.definition import Count, Definition, DetectionSequence, Summary, read_as

from trailctl import names
from trailctl.errors import UsageError

# With links to the folders of modules/detections.
FOLDER = Path(__file__).resolve().parents[1] / "detections"
LISTING = "trailctl detections list"
SEVERITIES = ("info", "low", "medium", "high", "critical")
ID = "^[a-z0-9-]{1,40}$"
_FILLED = re.compile(r"<([a-z_]+)>")
_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")


def worded(pattern: str, words: str, **more: Any) -> Meta:
    """A text's pattern, and what it allows in words: an editor and the command line say them."""
    return Meta(pattern=pattern, extra_json_schema={"patternErrorMessage": words}, **more)


_PATH = worded(r"^\$(\.[A-Za-z0-9_-]+)+$", "a path such as $.detail.userIdentity.arn")
_NAME = worded("^[a-z_]+$", "a name of a-z and _")
_SENTENCES = "sentences that end with a full stop"
# Anybody may put events on a bus, under any source but AWS's.
_PATTERN = Meta(
    description="An EventBridge pattern. Its source is AWS's, so that nobody can forge an event.",
    extra_json_schema={
        "required": ["source", "detail"],
        "properties": {
            "source": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "anyOf": [
                        {
                            "type": "string",
                            "pattern": "^aws\\.[a-z0-9-]+$",
                            "patternErrorMessage": 'a source of AWS, such as "aws.iam"',
                        },
                        {"const": {"prefix": "aws."}},
                    ]
                },
            },
            "detail": {"type": "object", "minProperties": 1},
        },
    },
)

NonEmpty = Annotated[str, Meta(min_length=1)]
SchemaLink = Annotated[str, Meta(description="Where this form's schema is, for editors.")]


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An EventBridge event. `refused_by` is `pattern` or `decision`, empty if it must match."""

    case: NonEmpty
    event: Annotated[dict[str, Any], Meta(description="The EventBridge event, whole.")]
    refused_by: Annotated[
        Literal["", "decision", "pattern"],
        Meta(description="What refuses an event that must not match."),
    ] = ""


class Samples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events that an entry must match, and events that it must not match."""

    match: Annotated[tuple[Sample, ...], Meta(min_length=1)]
    no_match: tuple[Sample, ...] = ()
    schema: SchemaLink = msgspec.field(name="$schema", default="")


class Counting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`at_least` findings of one key within `minutes` make one alert."""

    by: Literal["access key", "created access key", "principal", "source address", "user"]
    at_least: Annotated[int, Meta(ge=2, le=100)]
    minutes: Annotated[int, Meta(ge=1, le=1440)]


class Placeholder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What only a deployment knows. It has a default unless it is required."""

    description: Annotated[str, worded(r"\.$", _SENTENCES)]
    required: bool
    example: Annotated[tuple[NonEmpty, ...], Meta(min_length=1)]
    default: tuple[NonEmpty, ...] | None = None


class Transformer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """EventBridge's input transformer: the sentence that a rule sends straight to a topic."""

    input_paths: dict[Annotated[str, _NAME], Annotated[str, _PATH]]
    template: Annotated[
        str,
        worded(
            r'^[^"\\]+$',
            'a sentence without " and \\',
            min_length=1,
            description="The sentence, with <name> for each of input_paths.",
        ),
    ]


class RuleOfOthers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The rule that an entry was made from, and whose it is."""

    title: NonEmpty
    author: NonEmpty
    license: NonEmpty
    id: str = ""
    read_as: Annotated[
        Literal["", "cased"], Meta(description="cased: its texts were taken as they are written.")
    ] = ""


class CatalogueEntry(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True
):
    """One detection.

    `runbook` is what to do about a match. `patterns` are its parts by name, `main` the one under
    its own id.
    """

    schema: SchemaLink = msgspec.field(name="$schema", default="")
    id: Annotated[
        str,
        worded(
            ID, "a name of at most 40 of a-z, 0-9 and -", description="Its name, also of its rule."
        ),
    ]
    title: Annotated[
        str,
        worded(
            r"[^.]$",
            "a text without a full stop at its end",
            min_length=6,
            max_length=80,
            description="What happened, in a few words.",
        ),
    ]
    severity: Literal["info", "low", "medium", "high", "critical"]
    why: Annotated[str, worded(r"\.$", _SENTENCES, description="Why it matters, in a sentence.")]
    runbook: Annotated[str, worded(r"\.$", _SENTENCES, description="What to do about a match.")]
    benchmarks: Annotated[
        dict[str, tuple[str, ...]], Meta(description="Controls by benchmark, as in cis-5.0.")
    ] = {}
    attack: Annotated[
        tuple[
            Annotated[
                str, worded(r"^T[0-9]{4}(\.[0-9]{3})?$", "a technique such as T1562 or T1562.008")
            ],
            ...,
        ],
        Meta(description="ATT&CK techniques."),
    ] = ()
    regions: Annotated[
        Literal["every", "global"], Meta(description="global: the events come to one Region only.")
    ] = "every"
    read_only: Annotated[
        bool, Meta(description="It looks at read-only management events, too.")
    ] = False
    failures: Annotated[
        Literal["excluded", "included", "only"], Meta(description="What it does with failed calls.")
    ] = "excluded"
    decision: Annotated[
        bool, Meta(description="A function of the package decides; never of an entry of your own.")
    ] = False
    count: Counting | None = None
    placeholders: dict[Annotated[str, _NAME], Placeholder] = {}
    patterns: Annotated[
        dict[
            Annotated[str, worded("^[a-z0-9-]+$", "a name of a-z, 0-9 and -")],
            Annotated[dict[str, Any], _PATTERN],
        ],
        Meta(min_length=1, description="Event patterns by the part's name, main first."),
    ]
    summary: Transformer
    source: Annotated[
        RuleOfOthers | None, Meta(description="The rule of others that it was made from.")
    ] = None

    @cached_property
    def samples(self) -> Samples:
        """Events written for this entry."""
        text = (FOLDER / "samples" / f"{self.id}.json").read_text(encoding="utf-8")
        return msgspec.json.decode(text, type=Samples)

    def definition(self, sequences: Iterable[DetectionSequence] = ()) -> Definition:
        """What a deployed rule hands over beside each event (output `detection_input`)."""
        template = _FILLED.sub(r"{\1}", self.summary.template)
        return Definition(
            id=self.id,
            title=self.title,
            severity=self.severity,
            summary=Summary(dict(self.summary.input_paths), template),
            why=self.why,
            runbook=self.runbook,
            attack=self.attack,
            decision=self.decision,
            failures=self.failures != "excluded",
            count=None if self.count is None else Count(**msgspec.structs.asdict(self.count)),
            sequences=tuple(s for s in sequences if any(self.id in step.any for step in s.steps)),
        )

    @property
    def example_values(self) -> dict[str, list[str]]:
        """Values that the samples are written for."""
        return {
            name: list(each.example if each.default is None else each.default)
            for name, each in self.placeholders.items()
        }

    @property
    def keys(self) -> list[str]:
        """The keys of the rules that its parts make: the id, and the part's name behind it."""
        return [self.id if part == "main" else f"{self.id}-{part}" for part in self.patterns]

    def rules(self, values: Mapping[str, Sequence[str]] | None = None) -> dict[str, dict[str, Any]]:
        """Patterns by the key their rule has; parts whose placeholders have no value are left out.

        The key is the id, and the part's name behind it unless that is `main`.
        """
        known = {name: list(each.default or ()) for name, each in self.placeholders.items()}
        known.update({k: list(v) for k, v in (values or {}).items() if k in known})
        found = {}
        for part, pattern in self.patterns.items():
            if all(known.get(name) for name in _PLACEHOLDER.findall(json.dumps(pattern))):
                key = self.id if part == "main" else f"{self.id}-{part}"
                found[key] = fill(pattern, known)
        return found


def fill(node: Any, values: Mapping[str, Sequence[str]]) -> Any:
    """The pattern with each list item that holds a placeholder repeated for each value."""
    if isinstance(node, Mapping):
        return {key: fill(value, values) for key, value in node.items()}
    if not isinstance(node, list):
        return node
    found: list[Any] = []
    for item in node:
        name = _held(item)
        if name is None:
            found.append(fill(item, values))
            continue
        for value in values[name]:
            if isinstance(item, str):
                found.append(item.replace(f"{{{{{name}}}}}", value))
            else:
                found.append({k: v.replace(f"{{{{{name}}}}}", value) for k, v in item.items()})
    return found


def _held(item: Any) -> str | None:
    """The placeholder in a list's item: in a text, or in the text of an operator."""
    texts = item.values() if isinstance(item, Mapping) else [item]
    for text in texts:
        found = _PLACEHOLDER.search(text) if isinstance(text, str) else None
        if found:
            return found[1]
    return None


@cache
def load_catalogue() -> dict[str, CatalogueEntry]:
    """Every entry by id, in the ids' order. Raises UsageError if the catalogue is not there."""
    files = sorted((FOLDER / "catalogue").glob("*.json"), key=lambda path: path.stem)
    if not files:
        raise UsageError(
            f"there is no catalogue in {FOLDER / 'catalogue'}: run trailctl from a checkout of the "
            "repository, or give rules with --plan or --pattern"
        )
    found = {}
    for path in files:
        entry = msgspec.json.decode(path.read_bytes(), type=CatalogueEntry)
        found[entry.id] = entry
    return found


@cache
def load_sequences() -> dict[str, DetectionSequence]:
    """Every sequence of entries by id, in the ids' order."""
    files = sorted((FOLDER / "sequences").glob("*.json"), key=lambda path: path.stem)
    found = (
        read_as(DetectionSequence, json.loads(path.read_text("utf-8")), path.stem) for path in files
    )
    return {each.id: each for each in found}


def benchmarks(catalogue: Mapping[str, CatalogueEntry]) -> list[str]:
    """Names of all benchmarks that entries refer to."""
    return sorted({name for entry in catalogue.values() for name in entry.benchmarks})


def select(
    catalogue: Mapping[str, CatalogueEntry],
    ids: Iterable[str] = (),
    exclude: Iterable[str] = (),
    min_severity: str = "info",
    benchmark: str | None = None,
    techniques: Iterable[str] = (),
) -> list[CatalogueEntry]:
    """Entries that pass every filter given. Raises UsageError for a name that does not exist."""
    wanted, unwanted, sought = set(ids), set(exclude), set(techniques)
    unknown = sorted((wanted | unwanted) - set(catalogue))
    if unknown:
        raise UsageError(names.unknown("detection", unknown, catalogue, LISTING))
    if benchmark is not None and benchmark not in benchmarks(catalogue):
        raise UsageError(names.unknown("benchmark", [benchmark], benchmarks(catalogue)))
    known = {t for entry in catalogue.values() for t in entry.attack}
    known |= {technique.partition(".")[0] for technique in known}
    if sought - known:
        what = "detection for the technique"
        raise UsageError(names.unknown(what, sorted(sought - known), known, LISTING))
    least = SEVERITIES.index(min_severity)
    found = [
        entry
        for entry in catalogue.values()
        if (not wanted or entry.id in wanted)
        and entry.id not in unwanted
        and SEVERITIES.index(entry.severity) >= least
        and (benchmark is None or benchmark in entry.benchmarks)
        and (not sought or any(t in sought or t.partition(".")[0] in sought for t in entry.attack))
    ]
    if not found:
        raise UsageError("no detection passes all the filters at once: loosen one of them")
    return found


def coverage_table(entries: Iterable[CatalogueEntry]) -> str:
    """These entries as a table, equal to the module's output coverage_markdown."""
    lines = [
        "| id | severity | what | CIS | ATT&CK | where | decided by |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for entry in entries:
        where = ["global Region" if entry.regions == "global" else "every Region"]
        where += ["read-only events"] * entry.read_only
        cells = (
            f"`{entry.id}`",
            entry.severity,
            entry.title,
            ", ".join(entry.benchmarks.get("cis-5.0", ())),
            ", ".join(entry.attack),
            ", ".join(where),
            "pattern and code" if entry.decision else "pattern",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def sequence_table(sequences: Mapping[str, DetectionSequence]) -> str:
    """Sequences as a table."""
    lines = [
        "| sequence | severity | what | steps, in their order | within | ATT&CK |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in sequences.values():
        steps = "; then ".join(
            (f"{step.at_least} of " if step.at_least > 1 else "")
            + ", ".join(f"`{id_}`" for id_ in step.any)
            + f" by one {step.by}"
            for step in each.steps
        )
        cells = (
            f"`{each.id}`",
            each.severity,
            each.title,
            steps,
            f"{each.minutes} minutes",
            ", ".join(each.attack),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
