"""Noise: the alerts that the catalogue sends on an ordinary day, before and after exclusions.

python -m tests.benchmarks.noise
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reactor.detections import Known

from tests.benchmarks.ordinary_day import EVERY, EXCLUSIONS, UNITS, files, ordinary_day
from trailctl.detections.exclusions import read_exclusions
from trailctl.replay.catalogue import SEVERITIES, load_catalogue
from trailctl.replay.report import build
from trailctl.replay.rules import from_catalogue
from trailctl.replay.tally import Tallier, Tally

Report = Mapping[str, Any]


def replayed(texts: Iterable[bytes], *, excluding: bool) -> Report:
    """The report of a replay of the whole catalogue, with the exclusions of that day or without."""
    catalogue = load_catalogue()
    exclusions = {}
    if excluding:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, name) for name in ("exclusions.json", "units.json")]
            for path, given in zip(paths, (EXCLUSIONS, UNITS), strict=True):
                path.write_text(json.dumps(given))
            exclusions = read_exclusions(str(paths[0]), catalogue, str(paths[1]))
    rules, _ = from_catalogue(catalogue.values(), {}, exclusions)
    tally = Tally()
    tallier = Tallier(rules, [], Known(trusted_accounts=EVERY))
    for text in texts:
        tallier.count(text, tally)
    return build(tally, rules, [], [])


def by_severity(report: Report) -> Counter[str]:
    """Alerts of the day by severity, those of sequences included."""
    found: Counter[str] = Counter()
    for rule in (*report["rules"], *report["sequences"]):
        found[rule["severity"]] += rule["alerts"]
    return found


def by_detection(report: Report) -> Counter[str]:
    """Alerts of the day by the rule's name."""
    return Counter({rule["name"]: rule["alerts"] for rule in report["rules"] if rule["alerts"]})


def main() -> None:
    """Prints the figures."""
    texts = list(files(ordinary_day()))
    bare, kept = (replayed(texts, excluding=excluding) for excluding in (False, True))
    print(f"{bare['events']:,} records, from {bare['from']} to {bare['to']}")
    print("\nalerts a day    before    after")
    for severity in reversed(SEVERITIES):
        before, after = (by_severity(each)[severity] for each in (bare, kept))
        print(f"{severity:14}  {before:6,}   {after:6,}")
    least = SEVERITIES.index("medium")
    severities = {rule["name"]: rule["severity"] for rule in bare["rules"]}
    for title, ids in (
        ("noisiest", by_detection(bare)),
        (
            "noisiest of medium and more",
            Counter(
                {
                    name: number
                    for name, number in by_detection(bare).items()
                    if SEVERITIES.index(severities[name]) >= least
                }
            ),
        ),
    ):
        print(f"\n{title}")
        for name, number in ids.most_common(14):
            print(f"{name:26} {severities[name]:8} {number:6,} {by_detection(kept)[name]:6,}")
    unused = [each["name"] for each in kept["exclusions"] if not each["matches"]]
    print(f"\nnever used: {', '.join(unused)}")


if __name__ == "__main__":
    main()
