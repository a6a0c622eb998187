"""The output: lines like the AWS CLI's, a summary, JSON, JUnit's XML."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TextIO
from xml.etree import ElementTree

from reactor.digest.verdicts import Cover, Finding, Interval, Kind, Report, Verdict, iso

from trailctl.terminal import say
from trailctl.text import plain

_FILES = {
    Kind.DIGEST: "Digest file",
    Kind.BACKFILL: "(backfill) Digest file",
    Kind.LOG: "Log file",
}
_NAMES = {Kind.DIGEST: "digest", Kind.BACKFILL: "backfill digest", Kind.LOG: "log"}


class Watcher:
    """Prints verdicts as they come, and a line that counts them on a terminal."""

    def __init__(self, verbose: bool, lines: bool, progress: bool) -> None:
        self._verbose = verbose
        self._lines = lines
        self._progress = progress and sys.stderr.isatty()
        self._digests = self._logs = self._wrong = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)
        if self._progress:
            self._thread.start()

    def __call__(self, finding: Finding) -> None:
        """Takes a verdict."""
        with self._lock:
            if finding.kind is Kind.LOG:
                self._logs += 1
            else:
                self._digests += 1
            valid = finding.verdict is Verdict.VALID
            self._wrong += not valid
            if self._lines and (self._verbose or not valid):
                if self._progress:
                    sys.stderr.write("\r\x1b[K")
                say(line(finding), sys.stdout if valid else sys.stderr)

    def close(self) -> None:
        """Removes the counting line."""
        self._ended.set()
        if self._progress:
            self._thread.join(1)
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _show(self) -> None:
        while not self._ended.wait(0.2):
            with self._lock:
                wrong = f", {self._wrong:,} not valid" if self._wrong else ""
                sys.stderr.write(f"\r\x1b[K{self._digests:,} digests, {self._logs:,} logs{wrong}")
                sys.stderr.flush()


def line(finding: Finding) -> str:
    """A verdict as the AWS CLI writes it."""
    told = "valid"
    if finding.verdict is not Verdict.VALID:
        told = f"INVALID: {finding.verdict}: {finding.reason}"
    return f"{_FILES[finding.kind]}\t{plain(finding.object)}\t{plain(told)}"


def interval_line(interval: Interval) -> str:
    """An interval that is not covered."""
    told = f"{iso(interval.start)} to {iso(interval.end)}\t{interval.cover}"
    return f"{told}: {plain(interval.reason)}" if interval.reason else told


def print_text(
    reports: Sequence[Report], errors: Sequence[str], start: datetime, end: datetime
) -> None:
    """The summary that a person reads; lines of files were printed before."""
    out = sys.stdout
    for report in reports:
        place = plain(f"account {report.account}, {report.region}")
        if len(reports) > 1:
            say(f"\n{place}", out)
        for interval in report.intervals:
            if interval.cover is not Cover.COVERED:
                loud = interval in report.unproven
                say(interval_line(interval), sys.stderr if loud else out)
        if report.undecided:
            say(f"{report.undecided} log files are too new for any digest to name them", out)
        _ratios(report, out)
    for error in errors:
        say(plain(error, lines=True), sys.stderr)
    proven = sum(report.proven for report in reports)
    hours = sum(report.proven_hours for report in reports)
    say(f"\nResults requested for {iso(start)} to {iso(end)}", out)
    if proven == len(reports) and not errors:
        say(f"PROVEN: {hours:,.1f} hours of {_places(reports)}", out)
        return
    say(
        f"NOT PROVEN: {len(reports) - proven + len(errors)} of {len(reports) + len(errors)} "
        "accounts and Regions have findings",
        out,
    )


def _ratios(report: Report, out: TextIO) -> None:
    covered = [each for each in report.intervals if each.cover is Cover.COVERED]
    if covered:
        say(f"Results found for {iso(covered[0].start)} to {iso(covered[-1].end)}:", out)
    elif report.number(Kind.DIGEST):
        say("No valid digests found in range", out)
    else:
        say("No digests found", out)
    for kind, name in _NAMES.items():
        total, valid = report.number(kind), report.number(kind, Verdict.VALID)
        if total:
            invalid = f", {total - valid}/{total} {name} files INVALID" if valid < total else ""
            say(f"{valid}/{total} {name} files valid{invalid}", out)


def _places(reports: Sequence[Report]) -> str:
    accounts = {report.account for report in reports}
    regions = {report.region for report in reports}
    told = "1 Region" if len(regions) == 1 else f"{len(regions)} Regions"
    return told if len(accounts) == 1 else f"{told} in {len(accounts)} accounts"


def print_json(
    arn: str, reports: Sequence[Report], errors: Sequence[str], start: datetime, end: datetime
) -> None:
    """One JSON object."""
    whole = {
        "trail": arn,
        "from": iso(start),
        "to": iso(end),
        "proven": all(report.proven for report in reports) and not errors,
        "errors": list(errors),
        "reports": [report.json() for report in reports],
    }
    print(json.dumps(whole, indent=2))


def print_junit(arn: str, reports: Sequence[Report], errors: Sequence[str]) -> None:
    """JUnit's XML: a suite an account and Region, a case an interval and a finding."""
    suites = ElementTree.Element("testsuites", name=arn)
    for report in reports:
        name = f"{report.account} {report.region}"
        suite = ElementTree.SubElement(suites, "testsuite", name=plain(name))
        for interval in report.intervals:
            title = f"{iso(interval.start)} to {iso(interval.end)}"
            fails = interval in report.unproven
            _case(suite, name, title, str(interval.cover) if fails else "", interval.reason)
        for kind, files in _NAMES.items():
            valid = report.number(kind, Verdict.VALID)
            if valid:
                _case(suite, name, f"{valid} {files} files valid", "", "")
        for finding in report.findings:
            _case(suite, name, finding.object, str(finding.verdict), finding.reason)
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(sum(case.find("failure") is not None for case in suite)))
    if errors:
        suite = ElementTree.SubElement(suites, "testsuite", name="errors", tests=str(len(errors)))
        for error in errors:
            _case(suite, "errors", error, "error", error)
    ElementTree.indent(suites)
    print(ElementTree.tostring(suites, "unicode", xml_declaration=True))


def _case(suite: ElementTree.Element, kind: str, name: str, failure: str, reason: str) -> None:
    # Control characters are none of XML's, even escaped: one in a key would spoil the whole file.
    case = ElementTree.SubElement(suite, "testcase", classname=plain(kind), name=plain(name))
    if failure:
        ElementTree.SubElement(
            case, "failure", type=plain(failure), message=plain(reason or failure)
        )
