"""`trailctl replay`: rules and events from wherever they are, counted and shown."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reactor.detections import Known
from reactor.settings import SettingsError, parse_settings

from trailctl.errors import CheckError, UsageError
from trailctl.replay import page, report, sources, table
from trailctl.replay.catalogue import load_catalogue, select
from trailctl.replay.progress import Progress
from trailctl.replay.reactions import Probe, deployed, existing
from trailctl.replay.rules import Rule, from_catalogue, from_patterns, from_plan, read_text
from trailctl.replay.scan import MalformedError, unpacked
from trailctl.replay.tally import Tallier, Tally

_BATCH_BYTES = 4_000_000  # of zipped log, for one turn of a worker


@dataclass(frozen=True)
class Setup:
    """What to count; it can be sent to another process."""

    rules: tuple[Rule, ...]
    probes: tuple[Probe, ...]
    known: Known


def run(options: argparse.Namespace) -> int:
    """Run the command. Raises UsageError, and CheckError where nothing could be read at all."""
    if options.lookup_events and options.paths:
        raise UsageError("give paths or --lookup-events, not both")
    if not options.lookup_events and not options.paths:
        raise UsageError("give log files, folders or s3://BUCKET/PREFIX, or --lookup-events")
    if not options.lookup_events and (options.start_time or options.end_time):
        raise UsageError("--start-time and --end-time go with --lookup-events only")
    setup, notes = _setup(options)
    tally = _count(options, setup)
    for name, reason in tally.skipped:
        print(f"trailctl: skipped {name}: {reason}", file=sys.stderr)
    if tally.skipped and not tally.files:
        raise CheckError("no file could be read")
    for note in notes:
        print(f"trailctl: {note}", file=sys.stderr)
    found = report.build(tally, setup.rules, [probe.name for probe in setup.probes], notes)
    _show(found, options.format, options.output)
    return 0


def _setup(options: argparse.Namespace) -> tuple[Setup, list[str]]:
    narrowing = (options.id, options.exclude_id, options.min_severity, options.benchmark)
    if (options.plan or options.pattern) and any((*narrowing, options.technique, options.value)):
        raise UsageError("filters and --value are for the catalogue: leave them or the rules out")
    known = _known(options.known)
    if options.plan:
        planned = from_plan(options.plan)
        probes = deployed(planned.reactions) if planned.reactions else existing()
        return Setup(tuple(planned.rules), tuple(probes), known), planned.notes
    if options.pattern:
        return Setup(tuple(from_patterns(options.pattern)), tuple(existing()), known), []
    catalogue = load_catalogue()
    entries = select(
        catalogue,
        options.id,
        options.exclude_id,
        options.min_severity or "info",
        options.benchmark,
        options.technique,
    )
    values = _values(options.value, {n for e in catalogue.values() for n in e.placeholders})
    rules, notes = from_catalogue(entries, values)
    if not rules:
        raise UsageError(f"nothing to replay: {'; '.join(notes)}")
    return Setup(tuple(rules), tuple(existing()), known), notes


def _values(given: Sequence[str], names: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not value or name not in names:
            raise UsageError(
                f"--value {each}: write NAME=VALUE, with a name of {', '.join(sorted(names))}"
            )
        found.setdefault(name, []).append(value)
    return found


def _known(path: str | None) -> Known:
    if path is None:
        return Known()
    try:
        return parse_settings(Known, read_text(path))
    except SettingsError as error:
        raise UsageError(f"{path}: {str(error).removeprefix('REACTION_SETTINGS: ')}") from None


def _count(options: argparse.Namespace, setup: Setup) -> Tally:
    remote = [path for path in options.paths if path.startswith("s3://")]
    files = sources.local_files([path for path in options.paths if path not in remote])
    tally = Tally()
    if remote or options.lookup_events:
        client = _clients(options)
        listed = []
        for url in remote:
            listed.append((url, sources.s3_objects(client("s3"), url)))
        total = sum(size for _, objects in listed for _, size in objects)
        with Progress(total) as progress:
            tallier = Tallier(setup.rules, setup.probes, setup.known)
            for url, objects in listed:
                chunks = sources.s3_chunks(client("s3"), url, objects)
                _count_chunks(tallier, chunks, tally, progress)
            if options.lookup_events:
                chunks = sources.looked_up(
                    client("cloudtrail"), options.start_time, options.end_time
                )
                _count_chunks(tallier, chunks, tally, progress)
    if files:
        with Progress(sum(file.size for file in files)) as progress:
            if options.jobs == 1 or len(files) == 1:
                tallier = Tallier(setup.rules, setup.probes, setup.known)
                _count_chunks(tallier, (file.read() for file in files), tally, progress)
            else:
                _count_side_by_side(setup, files, options.jobs, tally, progress)
    return tally


def _clients(options: argparse.Namespace) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(profile_name=options.profile, region_name=options.region)
    except BotoCoreError as error:
        raise UsageError(str(error)) from None
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            config = Config(retries={"mode": "adaptive", "max_attempts": 10})
            made[service] = sources.called(
                f"no client for {service}",
                lambda: session.client(service, config=config),  # type: ignore[call-overload]
            )
        return made[service]

    return client


def _count_chunks(
    tallier: Tallier, chunks: Iterable[sources.Chunk], tally: Tally, progress: Progress | None
) -> None:
    for chunk in chunks:
        before = tally.events
        if chunk.data is None:
            tally.skipped.append((chunk.name, chunk.error))
        else:
            try:
                tallier.count(unpacked(chunk.data), tally)
            except MalformedError as error:
                tally.skipped.append((chunk.name, str(error)))
        if progress is not None:
            progress.add(chunk.size, tally.events - before)


_tallier: Tallier | None = None  # a worker process has one


def _start_worker(setup: Setup) -> None:
    global _tallier
    _tallier = Tallier(setup.rules, setup.probes, setup.known)


def _work(files: Sequence[sources.LocalFile]) -> Tally:
    assert _tallier is not None
    tally = Tally()
    _count_chunks(_tallier, (file.read() for file in files), tally, None)
    return tally


def _count_side_by_side(
    setup: Setup,
    files: Sequence[sources.LocalFile],
    jobs: int,
    tally: Tally,
    progress: Progress,
) -> None:
    batches = list(_batches(files, jobs))
    try:
        with ProcessPoolExecutor(
            min(jobs, len(batches)), initializer=_start_worker, initargs=(setup,)
        ) as pool:
            for batch, done in zip(batches, pool.map(_work, batches), strict=True):
                tally.merge(done)
                progress.add(sum(file.size for file in batch), done.events)
    except BrokenProcessPool:
        raise CheckError("a worker process died; try again with fewer --jobs") from None


def _batches(files: Sequence[sources.LocalFile], jobs: int) -> Iterator[list[sources.LocalFile]]:
    most = min(_BATCH_BYTES, sum(file.size for file in files) // jobs + 1)
    batch: list[sources.LocalFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.size
        if size >= most:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _show(found: dict[str, Any], format_: str, output: str | None) -> None:
    if format_ == "json":
        text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    elif format_ == "html":
        text = page.render(found)
    else:
        text = table.render(found, None if output is None else 160)
    # Half of a surrogate pair, which JSON may hold, is nothing that could be written.
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
