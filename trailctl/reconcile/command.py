"""Runs `trailctl reconcile`."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import NoRegionError
from reactor.digest.transport import AccessError
from reactor.reconcile.handover import Handover
from reactor.reconcile.judge import HANDED_ON, MISSED, Judge
from reactor.reconcile.kept import KeptLines
from reactor.reconcile.look import RuleStates, unseen
from reactor.reconcile.rules import Deployed
from reactor.reconcile.sources import LogLike, Settings, Sources, log_files
from reactor.reconcile.witness import Witness
from reactor.settings import SettingsError, parse_settings
from reactor.shapes import is_account

from trailctl.consent import agrees
from trailctl.errors import CheckError, UsageError
from trailctl.reconcile.report import Missing, Reconciliation, Row, render, whole
from trailctl.session import aws_session, soon
from trailctl.terminal import say
from trailctl.text import plain

if TYPE_CHECKING:
    from botocore.session import Session

_HANDLER = "reactor.reconcile.scheduled.handler"
_AT_ONCE = 4  # accounts and Regions


def run(options: argparse.Namespace) -> int:
    """Compares, and redelivers if it is to; 0 if nothing is missing then, else 1."""
    for account in options.account_id or ():
        if not is_account(account):
            raise UsageError(f"{account} is no account id: give twelve digits")
    if options.redeliver and options.json and not options.yes:
        raise UsageError("with --json nobody is asked: give --yes, too, or leave --json out")
    session = aws_session(options.profile, options.region)
    region = session.get_config_variable("region")
    if not region:
        raise NoRegionError
    clients = OwnClients(session, region)
    name, settings = _function(clients, options.function, region)
    sources = Sources(clients, settings)
    if options.redeliver and not sources.proven:
        raise UsageError(
            f"{name} has no digest_validation, so nothing proves that the log files are "
            "CloudTrail's: nothing is redelivered"
        )
    log = log_files(settings, region, session=lambda: aws_session(options.profile))
    look = Look(name, clients, settings, sources, log)
    try:
        report = look.report(timedelta(hours=options.hours), set(options.account_id or ()))
    except AccessError as error:
        raise UsageError(f"the log can't be read: {error}") from None
    except ValueError as error:
        raise UsageError(f"what {name} knows of the rules can't be read: {error}") from None
    if not options.json:
        sys.stdout.write(render(report))
    if options.redeliver:
        _redeliver(look, report, options)
    if options.json:
        print(json.dumps(whole(report), indent=2))
    return 1 if report.open or report.unread else 0


def _redeliver(look: Look, report: Reconciliation, options: argparse.Namespace) -> None:
    """Shows what would be redelivered, asks and does it. Raises CheckError if a target refuses."""

    def tell(text: str) -> None:
        if not options.json:
            say(plain(text))

    tell("")
    todo = [each for each in report.open if each.judged.verdict in HANDED_ON]
    for each in todo:
        targets = ", ".join(target.id for target in each.judged.rule.targets) or "no target"
        tell(f"would redeliver: {each.judged.told} to {targets}")
    if not todo:
        tell("there is nothing to redeliver")
        return
    if not agrees(options.yes):
        tell("nothing was redelivered: add --yes to do it")
        return
    for each in todo:
        each.redelivered, told = look.handover.give(each.judged)
        tell(f"{each.judged.told}: {told}")
    if look.refused:
        raise CheckError(
            f"{len(look.refused)} targets took nothing ({', '.join(sorted(set(look.refused)))}): "
            "their events are in the failure queue"
        )


class OwnClients:
    """Clients with the credentials of the person at the keyboard. Safe to use from many threads."""

    def __init__(self, session: Session, region: str) -> None:
        self._session = session
        self._region = region
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str | None = None) -> Any:
        """The client of a service, of another Region where one is given."""
        key = (service, region or self._region)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._session.create_client(
                    service, region_name=key[1], config=soon()
                )
            return self._made[key]


def _function(clients: OwnClients, name: str | None, region: str) -> tuple[str, Settings]:
    """The name and the settings of the reconciliation's function. Raises UsageError."""
    functions = clients.client("lambda")
    if not name:
        pages = functions.get_paginator("list_functions").paginate()
        found = sorted(
            each["FunctionName"]
            for page in pages
            for each in page.get("Functions", ())
            if each.get("Handler") == _HANDLER
        )
        if not found:
            raise UsageError(
                f"there is no function of modules/reconciliation in {region}: look in another "
                "--region or with another --profile"
            )
        if len(found) > 1:
            raise UsageError(f"there are {', '.join(found)}: choose with --function")
        name = str(found[0])
    deployed = functions.get_function_configuration(FunctionName=name)
    if deployed.get("Handler") != _HANDLER:
        raise UsageError(f"{name} is no function of modules/reconciliation")
    environment = deployed.get("Environment") or {}
    if environment.get("Error"):
        raise UsageError(
            f"the environment of {name} can't be read "
            f"({environment['Error'].get('ErrorCode', 'refused')}): its key must admit you"
        )
    variables = environment.get("Variables") or {}
    try:
        settings = parse_settings(Settings, variables.get("REACTION_SETTINGS") or "{}")
    except SettingsError as error:
        raise UsageError(f"the settings of {name} are of another release: {error}") from None
    return str(deployed["FunctionName"]), settings


class Look:
    """One comparison. `refused` are the targets that took nothing of what was handed over."""

    def __init__(
        self, name: str, clients: OwnClients, settings: Settings, sources: Sources, log: LogLike
    ) -> None:
        self._name = name
        self._settings = settings
        self._sources = sources
        self._log = log
        self._states = RuleStates(clients, lambda rule: None)
        self._kept = KeptLines()
        self.refused: list[str] = []
        self.handover = Handover(
            clients,
            sources.state,
            name,
            settings.failure_queue_url,
            lambda metric: None,
            self.refused.append,
        )

    def report(self, hours: timedelta, accounts: set[str]) -> Reconciliation:
        """What rules did not see of the log files of the last hours, in some accounts or all.

        Raises AccessError and boto3's errors, and ValueError if the rules are not told.
        """
        now = self._sources.now()
        ready = {
            place: until
            for place, until in self._sources.places(self._log).items()
            if not accounts or place[0] in accounts
        }
        if not ready:
            raise UsageError(
                f"{self._name} has found no log yet"
                + (f" of {', '.join(sorted(accounts))}" if accounts else "")
            )
        deployed = self._sources.deployed()
        report = Reconciliation(self._name, now - hours, now, self._sources.proven, deployed)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            runs = [
                pool.submit(self._place, report, deployed, place, until)
                for place, until in sorted(ready.items())
            ]
            for each in runs:
                each.result()
        report.finish()
        return report

    def _place(
        self,
        report: Reconciliation,
        deployed: Deployed,
        place: tuple[str, str],
        until: datetime | None,
    ) -> None:
        report.places.append(place)
        if until is None or until <= report.start:
            report.behind.append(place)
            return
        now = report.end
        witness = Witness(
            *place, lambda hour: self._kept.of(place, hour, now, self._sources.lines), now
        )
        judge = Judge(deployed, *place, witness, self._settings.late_after)
        files = self._log.files(*place, report.start, min(until, report.end))
        redelivered: Counter[str] = Counter()
        names = {rule.arn: rule.name for rule in deployed.rules}
        for each in unseen(
            files, judge, self._states, lambda key, reason: report.unread.append((key, reason))
        ):
            if each.verdict in MISSED:
                done = each.verdict in HANDED_ON and self.handover.done(each)
                redelivered[each.rule.arn] += done
                report.missed.append(Missing(each, place, done))
        for arn, numbers in judge.tallies.items():
            report.rows.append(Row(names[arn], place, numbers, redelivered[arn]))
