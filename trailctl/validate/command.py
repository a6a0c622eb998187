"""Runs `trailctl validate-logs`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.session import Session
from reactor.digest.engine import Engine
from reactor.digest.names import Shard, TrailArn, is_organization
from reactor.digest.transport import AccessError, Transport
from reactor.digest.validation import Span, validate
from reactor.digest.verdicts import Report
from reactor.shapes import is_account, is_region

from trailctl.durations import duration
from trailctl.errors import UsageError
from trailctl.session import aws_session
from trailctl.terminal import say
from trailctl.validate import output
from trailctl.validate.arguments import parse_time
from trailctl.validate.hashing import ISAL
from trailctl.validate.helpers import cores, helping
from trailctl.validate.places import Wanted, shards

_AT_ONCE = 4
_WORTH_HELP = timedelta(hours=6)


def run(options: argparse.Namespace) -> int:
    """Validates; returns 0 if all is proven, 1 if not. Raises UsageError."""
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        trail = TrailArn.parse(options.trail_arn)
        start = parse_time(options.start_time)
        end = parse_time(options.end_time) if options.end_time else now
    except ValueError as error:
        raise UsageError(str(error)) from None
    if start > end:
        raise UsageError("the start time must not be after the end time")
    span = Span(start, end, now, duration(options.stale_after))
    session = aws_session(options.profile)
    wanted = _wanted(options, trail, session)
    replicas = dict(_mapping(text) for text in options.replica)
    transport = Transport(
        trail.region, options.concurrency + 24, session=lambda: aws_session(options.profile)
    )
    with closing(transport):
        try:
            places = shards(wanted, transport, lambda: _organization(session, trail))
        except AccessError as error:
            raise UsageError(f"the trail's files can't be found: {error}") from None
        text = options.format == "text"
        if text:
            say(
                f"Validating log files for trail {options.trail_arn} between "
                f"{start:%Y-%m-%dT%H:%M:%SZ} and {end:%Y-%m-%dT%H:%M:%SZ}\n"
            )
        watcher = output.Watcher(options.verbose, lines=text, progress=not options.verbose)
        try:
            # Requests at once are shared out among all processes.
            jobs = options.jobs or (cores() if end - start >= _WORTH_HELP else 1)
            share = -(-options.concurrency // jobs)
            with (
                helping(jobs - 1, share) as helpers,
                Engine(transport, share, replicas, watcher, ISAL, helpers) as engine,
            ):
                reports, errors = _validated(engine, places, span)
        finally:
            watcher.close()
    if text:
        output.print_text(reports, errors, start, end)
    elif options.format == "json":
        output.print_json(options.trail_arn, reports, errors, start, end)
    else:
        output.print_junit(options.trail_arn, reports, errors)
    return 0 if not errors and all(report.proven for report in reports) else 1


def _validated(
    engine: Engine, places: Sequence[Shard], span: Span
) -> tuple[list[Report], list[str]]:
    reports: list[Report] = []
    errors: list[str] = []
    with ThreadPoolExecutor(min(_AT_ONCE, len(places))) as pool:
        runs = [(place, pool.submit(validate, engine, place, span)) for place in places]
        for place, future in runs:
            try:
                reports.append(future.result())
            except AccessError as error:
                errors.append(f"account {place.account}, {place.region}: {error}")
    return reports, errors


def _wanted(options: argparse.Namespace, trail: TrailArn, session: Session) -> Wanted:
    accounts, regions = options.account_id or [], options.region or []
    for account in accounts:
        if not is_account(account):
            raise UsageError(f"{account} is no account id: give twelve digits")
    for region in regions:
        if not is_region(region):
            raise UsageError(f"{region} is no Region: give one such as eu-central-1")
    organization_id = options.organization_id or ""
    if organization_id and not is_organization(organization_id):
        raise UsageError(f"{organization_id} is no organization's id: it starts with o-")
    if not regions and not options.all_regions:
        ambient = session.get_config_variable("region")
        regions = [ambient or trail.region]
    return Wanted(
        trail,
        options.s3_bucket or "",
        (options.s3_prefix or "").strip("/"),
        organization_id,
        accounts,
        regions,
        options.all_accounts,
        options.all_regions,
    )


def _organization(session: Session, trail: TrailArn) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client: Any = session.create_client("organizations", region_name=trail.region)
        return str(client.describe_organization()["Organization"]["Id"])
    except (BotoCoreError, ClientError) as error:
        raise UsageError(
            f"the organization's id can't be read ({error}): give it with --organization-id"
        ) from None


def _mapping(text: str) -> tuple[str, str]:
    original, equals, copy = text.partition("=")
    if not (original and equals and copy):
        raise UsageError(f"--replica {text} names no two buckets: write ORIGINAL=COPY")
    return original, copy
