"""`trailctl coverage`: the catalogue loses no attack, no technique and no control."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from reactor.patterns import EventPattern

from trailctl.cli import main
from trailctl.coverage.measure import Coverage, event, measure, names
from trailctl.coverage.report import layer, page, table
from trailctl.replay.catalogue import load_catalogue, select

pytestmark = pytest.mark.unit

CATALOGUE = load_catalogue()
# The credentials of an instance, used elsewhere, make the calls that the instance makes: only the
# owner of the address can tell.
NOT_FOUND = {"stratus/aws.credential-access.ec2-steal-instance-credentials"}
# Of S3 objects nothing is in management events.
DATA_EVENTS = {
    "other/ransom-note",
    "stratus/aws.impact.s3-ransomware-batch-deletion",
    "stratus/aws.impact.s3-ransomware-client-side-encryption",
    "stratus/aws.impact.s3-ransomware-individual-deletion",
}
TECHNIQUES = [
    "T1020.001",
    "T1021.004",
    "T1021.007",
    "T1021.008",
    "T1040",
    "T1059",
    "T1059.009",
    "T1070",
    "T1078.004",
    "T1087.004",
    "T1098",
    "T1098.001",
    "T1098.003",
    "T1098.004",
    "T1098.005",
    "T1098.006",
    "T1110",
    "T1133",
    "T1136.003",
    "T1195.002",
    "T1484.002",
    "T1485",
    "T1485.001",
    "T1486",
    "T1489",
    "T1490",
    "T1491.001",
    "T1496.001",
    "T1496.004",
    "T1526",
    "T1530",
    "T1535",
    "T1537",
    "T1538",
    "T1546",
    "T1548.005",
    "T1550.001",
    "T1552.001",
    "T1552.005",
    "T1555.006",
    "T1556",
    "T1556.006",
    "T1562.001",
    "T1562.007",
    "T1562.008",
    "T1567",
    "T1578.002",
    "T1578.005",
    "T1580",
    "T1584.001",
    "T1610",
    "T1648",
    "T1651",
]


@pytest.fixture(scope="module")
def whole() -> Coverage:
    return measure(list(CATALOGUE.values()))


def test_no_attack_is_lost(whole: Coverage) -> None:
    assert {attack.id for attack in whole.attacks if not attack.entries} == NOT_FOUND
    assert whole.data_events == DATA_EVENTS
    assert sum(1 for attack in whole.attacks if attack.id.startswith("stratus/")) == 44


def test_no_technique_is_lost(whole: Coverage) -> None:
    assert list(whole.techniques) == sorted(TECHNIQUES)
    assert all(whole.techniques.values())


def test_every_control_is_met_in_full_by_an_entry_that_claims_it(whole: Coverage) -> None:
    assert [control.id for control in whole.controls] == [str(n) for n in range(1, 16)]
    for control in whole.controls:
        assert not control.missed, control
        for benchmark in ("cis-1.4", "cis-3.0", "cis-5.0", "cis-7.0"):
            section = "5" if benchmark == "cis-7.0" else "4"
            claimed = [
                entry
                for entry in CATALOGUE.values()
                if f"{section}.{control.id}" in entry.benchmarks.get(benchmark, ())
            ]
            found = next(c for c in measure(claimed).controls if c.id == control.id)
            assert not found.missed, (benchmark, found)


def test_every_claim_of_an_entry_is_a_technique_that_some_attack_shows(whole: Coverage) -> None:
    claimed = {technique for entry in CATALOGUE.values() for technique in entry.attack}
    assert claimed - set(whole.techniques) == {"T1562"}  # of reaction-tamper: of any part of it


def test_what_is_only_found_by_what_deployments_do_too_is_known() -> None:
    """Entries of low severity fire every day: what only they find is found by few who look."""
    loud = measure(select(CATALOGUE, min_severity="medium"))
    lost = [key for key, found in loud.techniques.items() if not found]
    assert lost == ["T1021.007", "T1059.009", "T1070", "T1489", "T1538"]
    assert sum(1 for attack in loud.attacks if not attack.entries) == 8


def test_without_its_entry_a_technique_is_lost() -> None:
    left = [entry for entry in CATALOGUE.values() if entry.id != "traffic-mirroring"]
    lost = measure(left)
    assert [key for key, found in lost.techniques.items() if not found] == ["T1020.001", "T1040"]


def test_an_entry_that_counts_needs_as_many(whole: Coverage) -> None:
    bulk = CATALOGUE["secrets-bulk"]
    assert bulk.count
    more = replace(bulk, count=replace(bulk.count, at_least=21))
    attack = "stratus/aws.credential-access.secretsmanager-retrieve-secrets"
    assert "secrets-bulk" in next(a for a in whole.attacks if a.id == attack).entries
    assert not next(a for a in measure([more]).attacks if a.id == attack).entries


def test_the_layer_is_one_of_the_navigator(whole: Coverage) -> None:
    """https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md"""
    document = json.loads(layer(whole))
    assert document["domain"] == "enterprise-attack"
    assert set(document["versions"]) == {"attack", "navigator", "layer"}
    assert [each["techniqueID"] for each in document["techniques"]] == sorted(TECHNIQUES)
    for each in document["techniques"]:
        assert each["score"] == len(each["comment"].removeprefix("found by ").split(", "))
    assert document["gradient"]["maxValue"] == max(e["score"] for e in document["techniques"])


def test_table_and_page_tell_what_is_lost(whole: Coverage) -> None:
    for text in (table(whole), page(whole)):
        assert "T1562.008" in text
        assert "ec2-steal-instance-credentials" in text
    assert all(each["tactics"] for each in names().values())
    few = measure(select(CATALOGUE, ids=["trail-tamper"]))
    assert "misses " in table(few)
    assert "`not found` or `misses` is a gap of the detections" in " ".join(table(few).split())
    assert "misses " in page(few)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage"]) == 0
    told = capsys.readouterr().out
    assert "15 of 15 CIS controls in full" in told
    heads = [line for line in told.splitlines() if "  detections that " in line]
    assert [head.split()[0] for head in heads] == ["ATT&CK", "CIS"]
    assert "Next: `trailctl replay --catalogue LOGS`" in told
    target = tmp_path / "layer.json"
    assert main(["coverage", "--format", "json", "--output", str(target)]) == 0
    assert json.loads(target.read_text())["techniques"]
    assert main(["coverage", "--exclude-id", "sg-change"]) == 1
    assert main(["coverage", "--id", "nothing"]) == 2
    assert main(["coverage", "--output", str(tmp_path / "no" / "where")]) == 2


def test_events_of_the_files_are_events_that_eventbridge_sends() -> None:
    login = event({"call": "signin:ConsoleLogin", "login": True})
    refused = event({"call": "s3:PutObject", "network": True, "error": "VpceAccessDenied"})
    assert EventPattern({"source": ["aws.signin"]}).matches(login)
    assert login["detail-type"] == "AWS Console Sign In via CloudTrail"
    assert refused["detail"]["eventType"] == "AwsVpceEvent"
