"""`trailctl replay`: reads rules and events, counts the matches and shows them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC
from itertools import groupby
from pathlib import Path
from typing import Any

from reactor.detections import Known
from reactor.settings import SettingsError, parse_settings

from trailctl.detections.entries import read_entries
from trailctl.detections.exclusions import read_exclusions
from trailctl.errors import CheckError, UsageError
from trailctl.names import unknown
from trailctl.replay import page, report, sources, table
from trailctl.replay.catalogue import SEVERITIES, load_catalogue, select
from trailctl.replay.progress import Progress
from trailctl.replay.reactions import Probe, deployed, existing, notify_window
from trailctl.replay.rules import Rule, from_catalogue, from_patterns, from_plan, read_text
from trailctl.replay.scan import MalformedError, TimeRange, unpacked
from trailctl.replay.tally import WINDOW_SECONDS, Tallier, Tally, watched
from trailctl.session import aws_session, soon
from trailctl.terminal import say
from trailctl.text import plain

# Bytes of zipped log for one turn of a worker. A file takes as long to open as so many bytes to
# read.
_PIECE_BYTES, _FILE_BYTES = 8_000_000, 4_000
_PIECES_A_JOB = 8


@dataclass(frozen=True)
class Setup:
    """The rules and settings of a count; another process can get it."""

    rules: tuple[Rule, ...]
    probes: tuple[Probe, ...]
    known: Known
    span: TimeRange | None = None
    look: str = ""
    window_seconds: int = WINDOW_SECONDS


def run(options: argparse.Namespace) -> int:
    """Runs the command. Raises UsageError, and CheckError if no file could be read."""
    _check(options)
    setup, notes = _setup(options)
    setup = replace(setup, span=_span(options))
    source = _source(options, setup)
    if source is None:
        return 0
    tally = Tally()
    notes += _count(options, setup, source, tally)
    for line in report.refused(tally):
        _say(line)
    if tally.skipped and not tally.files:
        raise CheckError("no file could be read")
    notes = [*notes, *report.remarks(tally)]
    for note in notes:
        _say(note)
    found = report.build(
        tally,
        setup.rules,
        [probe.name for probe in setup.probes],
        notes,
        setup.window_seconds,
    )
    _show(found, options.format, options.output)
    return 1 if _failed(options, found) else 0


def _check(options: argparse.Namespace) -> None:
    """Raise UsageError unless there is one place to take events from, and a time that can be."""
    given = {
        "paths": bool(options.paths),
        "--lookup-events": options.lookup_events,
        "--athena": bool(options.athena),
    }
    named = [name for name, is_given in given.items() if is_given]
    if len(named) > 1:
        raise UsageError(f"give {named[0]} or {named[1]}, not both")
    if not named:
        raise UsageError(
            "give log files, folders or s3://BUCKET/PREFIX, or --lookup-events, or --athena"
        )
    if options.begin and options.end and options.begin >= options.end:
        raise UsageError("--from must be before --to")
    if options.athena:
        if not (options.begin and options.end):
            raise UsageError("--athena wants --from and --to: each day more costs more")
        return
    for name, value in (
        ("--workgroup", options.workgroup),
        ("--account", options.account),
        ("--event-region", options.event_region),
        ("--sql", options.sql),
        ("--estimate", options.estimate),
        ("--max-usd", options.max_usd),
    ):
        if value:
            raise UsageError(f"{name} is for --athena")


def _say(line: str) -> None:
    say(f"trailctl: {plain(line)}", sys.stderr)


def _failed(options: argparse.Namespace, found: dict[str, Any]) -> bool:
    """True if the exit code must say that something is wrong, once a line has said why."""
    bad = bool(found["skipped"] or found["left_out"]) and not options.lenient
    if bad:
        _say("some of what was given holds no events (--lenient accepts that)")
    if options.fail_on:
        least = SEVERITIES.index(options.fail_on)
        alerting = [
            rule["name"]
            for rule in [*found["rules"], *found["sequences"]]
            if rule["alerts"] and rule["severity"] and SEVERITIES.index(rule["severity"]) >= least
        ]
        if alerting:
            _say(f"{options.fail_on} or higher: {', '.join(alerting)} would alert")
        bad = bad or bool(alerting)
    return bad


def _setup(options: argparse.Namespace) -> tuple[Setup, list[str]]:
    narrowing = (options.id, options.exclude_id, options.min_severity, options.benchmark)
    told = (options.technique, options.value, options.entries, options.exclusions)
    if (options.plan or options.pattern) and any((*narrowing, *told, options.organizational_units)):
        raise UsageError(
            "filters, --value, --entries and --exclusions are for the catalogue: leave them or the "
            "rules out"
        )
    known = _known(options.known)
    if options.plan:
        planned = from_plan(options.plan)
        probes = deployed(planned.reactions) if planned.reactions else existing()
        seconds = notify_window(planned.reactions)
        setup = Setup(tuple(planned.rules), tuple(probes), known, window_seconds=seconds)
        return setup, planned.notes
    if options.pattern:
        return Setup(tuple(from_patterns(options.pattern)), tuple(existing()), known), []
    catalogue = {**load_catalogue(), **read_entries(options.entries)}
    entries = select(
        catalogue,
        options.id,
        options.exclude_id,
        options.min_severity or "info",
        options.benchmark,
        options.technique,
    )
    values = _values(options.value, {n for e in catalogue.values() for n in e.placeholders})
    exclusions = {}
    if options.exclusions:
        exclusions = read_exclusions(options.exclusions, catalogue, options.organizational_units)
    rules, notes = from_catalogue(entries, values, exclusions)
    if not rules:
        raise UsageError(f"nothing to replay: {'; '.join(notes)}")
    return Setup(tuple(rules), tuple(existing()), known), notes


def _values(given: Sequence[str], names: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not value:
            raise UsageError(f"--value {each}: write NAME=VALUE, as in key_ids=KEY")
        if name not in names:
            raise UsageError(unknown("placeholder", [name], names))
        found.setdefault(name, []).append(value)
    return found


def _known(path: str | None) -> Known:
    if path is None:
        return Known()
    try:
        return parse_settings(Known, read_text(path))
    except SettingsError as error:
        raise UsageError(f"{path}: {str(error).removeprefix('REACTION_SETTINGS: ')}") from None


def _source(options: argparse.Namespace, setup: Setup) -> sources.Source | None:
    """Where the events come from; None where only the query was asked for, and is printed."""
    times = options.begin, options.end
    if options.lookup_events:
        return sources.Looked(_cloudtrail(options), *times)
    if not options.athena:
        return sources.Paths(options.paths, options.profile, options.region, *times)
    from trailctl.history.asking import Asking, ask

    patterns, no_reads = watched(setup.rules, setup.probes)
    return ask(
        Asking(
            table=options.athena,
            workgroup=options.workgroup or "primary",
            profile=options.profile,
            region=options.region,
            accounts=tuple(options.account),
            regions=tuple(options.event_region),
            begin=options.begin,
            end=options.end,
            sql=options.sql,
            estimate=options.estimate,
            max_usd=options.max_usd,
        ),
        patterns,
        no_reads,
        [rule.name for rule in setup.rules if rule.decided],
        _say,
    )


def _count(
    options: argparse.Namespace, setup: Setup, source: sources.Source, tally: Tally
) -> list[str]:
    """Counts into the tally; sentences to note."""
    setup = replace(setup, look=_account(options) if options.look else "")
    with Progress(source.size) as progress:
        work = (setup, options.profile, options.region)
        files: Iterable[sources.Log] = source.logs()
        if options.jobs > 1:
            files = list(files)
        if isinstance(files, list) and len(files) > 1:
            _count_side_by_side(work, files, options.jobs, tally, progress)
        else:
            with closing(_Counter(*work)) as counter:
                counter.count(counter.chunks(files), tally, progress)
    return source.finish(tally)


def _account(options: argparse.Namespace) -> str:
    """The account of the credentials, once it is said that it is looked at. Raises UsageError."""
    session = aws_session(options.profile, options.region)
    region = session.get_config_variable("region") or "us-east-1"
    sts: Any = sources.called(
        "no client for sts", lambda: session.create_client("sts", region_name=region)
    )
    who = sources.called("the credentials can't be told", sts.get_caller_identity)
    _say(f"looking at account {who['Account']} as {who['Arn']}, with read-only calls")
    return str(who["Account"])


def _span(options: argparse.Namespace) -> TimeRange | None:
    if not options.begin and not options.end:
        return None
    begin, end = (
        time and f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        for time in (options.begin, options.end)
    )
    return TimeRange(begin or TimeRange().begin, end or TimeRange().end)


def _cloudtrail(options: argparse.Namespace) -> Any:
    import boto3
    from botocore.config import Config

    session = boto3.Session(botocore_session=aws_session(options.profile, options.region))

    def client(config: Config) -> Any:
        return sources.called(
            "no client for cloudtrail", lambda: session.client("cloudtrail", config=config)
        )

    # Two calls a second are allowed, so the pages are asked for with patience. Without a network
    # or credentials that would be a minute of silence: a first call is asked without.
    first = client(soon())
    sources.called("events can't be looked up", lambda: first.lookup_events(MaxResults=1))
    return client(Config(connect_timeout=5, retries={"mode": "adaptive", "max_attempts": 10}))


class _Counter:
    """The counter of one process, for files of any kind."""

    def __init__(self, setup: Setup, profile: str | None, region: str | None) -> None:
        self._tallier = Tallier(
            setup.rules, setup.probes, setup.known, setup.span, setup.look, setup.window_seconds
        )
        if setup.look and profile:
            os.environ["AWS_PROFILE"] = profile
        self._place = (profile, region)
        self._bucket: sources.Bucket | None = None

    def close(self) -> None:
        """Closes the connections of the counter."""
        if self._bucket is not None:
            self._bucket.close()

    def chunks(self, files: Iterable[sources.Log]) -> Iterator[sources.Chunk]:
        """The bytes of files, in order."""
        for remote, some in groupby(files, key=lambda file: isinstance(file, sources.S3Object)):
            if remote:
                self._bucket = self._bucket or sources.Bucket(*self._place)
                yield from self._bucket.chunks(f for f in some if isinstance(f, sources.S3Object))
            else:
                yield from (f.read() for f in some if not isinstance(f, sources.S3Object))

    def count(
        self, chunks: Iterable[sources.Chunk], tally: Tally, progress: Progress | None
    ) -> None:
        """Counts the records of files; the tally names files without records."""
        for chunk in chunks:
            before = tally.events
            reason = chunk.error
            if chunk.data is not None:
                try:
                    self._tallier.count(unpacked(chunk.data), tally, chunk.name)
                except MalformedError as error:
                    reason = str(error)
            if reason and chunk.meant:
                tally.skipped.append((chunk.name, reason))
            elif reason:
                tally.aside.append(chunk.name)
            if progress is not None:
                progress.add(chunk.size, tally.events - before)


_Work = tuple[Setup, str | None, str | None]
_counter: _Counter | None = None  # a worker process has one


def _start_worker(work: _Work) -> None:
    global _counter
    _counter = _Counter(*work)


def _work(files: Sequence[sources.Log], seen: Set[int]) -> Tally:
    """Counts files without what was seen in others."""
    assert _counter is not None
    tally = Tally(seen=set(seen))
    _counter.count(_counter.chunks(files), tally, None)
    tally.seen -= seen
    return tally


def _count_side_by_side(
    work: _Work, files: Sequence[sources.Log], jobs: int, tally: Tally, progress: Progress
) -> None:
    pieces = list(_pieces(files, jobs))
    try:
        with ProcessPoolExecutor(
            min(jobs, len(pieces)), initializer=_start_worker, initargs=(work,)
        ) as pool:
            counts = [pool.submit(_work, piece, frozenset()) for piece in pieces]
            for piece, count in zip(pieces, counts, strict=True):
                done = count.result()
                # Workers don't know of each other: a piece with copies of an earlier piece's events
                # is counted once more, without them.
                again: set[int] = set()
                while known := done.seen & tally.seen:
                    again |= known
                    done = pool.submit(_work, piece, frozenset(again)).result()
                tally.merge(done)
                progress.add(sum(file.size for file in piece), done.events)
    except BrokenProcessPool:
        raise CheckError("a worker process died; try again with fewer --jobs") from None


def _pieces(files: Sequence[sources.Log], jobs: int) -> Iterator[list[sources.Log]]:
    """Files in pieces that take about the same time, some for each worker."""
    whole = sum(file.size + _FILE_BYTES for file in files)
    most = min(_PIECE_BYTES, whole // (jobs * _PIECES_A_JOB) + 1)
    piece: list[sources.Log] = []
    size = 0
    for file in files:
        piece.append(file)
        size += file.size + _FILE_BYTES
        if size >= most:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _show(found: dict[str, Any], format_: str, output: str | None) -> None:
    if format_ == "json":
        text = json.dumps(found, indent=2) + "\n"
    elif format_ == "html":
        text = page.render(found)
    else:
        text = table.render(found, None if output is None else 160)
    data = text.encode("utf-8", "replace")
    if output is None:
        sys.stdout.flush()
        binary = getattr(sys.stdout, "buffer", None)
        if binary is None:
            sys.stdout.write(data.decode())
        else:
            binary.write(data)
            binary.flush()
        return
    try:
        Path(output).write_bytes(data)
    except OSError as error:
        raise UsageError(f"{output} can't be written: {error.strerror or error}") from None
