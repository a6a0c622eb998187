"""The checks for checkov, on configuration: what must fail does, nothing else, in every format."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from ctr_faults import CHECKS

from tests.harness import policy
from tests.harness.local_aws import REPOSITORY
from trailctl.terraform import run_limited

pytestmark = pytest.mark.plan

CONFIGURATIONS = REPOSITORY / "tests/policy/fixtures/configurations"
TUTORIALS = (
    "launch-tagger",
    "organization-trail",
    "root-login",
    "shared-trail",
    "translated-stack",
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what checkov says of all configurations, as JSON, JUnit and SARIF."""
    folder = tmp_path_factory.mktemp("reports")
    policy.check_configuration(CONFIGURATIONS, folder)
    return folder


def failed(reports: Path) -> dict[tuple[str, str], set[str]]:
    """The checks that failed, by file and resource."""
    found: dict[tuple[str, str], set[str]] = {}
    report = json.loads((reports / "results_json.json").read_text(encoding="utf-8"))
    for one in report["results"]["failed_checks"]:
        found.setdefault((one["file_path"].lstrip("/"), one["resource"]), set()).add(
            one["check_id"]
        )
    return found


def test_what_is_faulty_fails_and_nothing_else_does(reports: Path) -> None:
    wanted = {
        (str(path.relative_to(CONFIGURATIONS)), address): checks
        for path in sorted(CONFIGURATIONS.rglob("main.tf"))
        for address, checks in policy.expected_failures(path, text_too=True).items()
    }
    assert failed(reports) == wanted


def test_every_check_is_seen_to_fail_and_to_pass() -> None:
    text = (CONFIGURATIONS / "checks" / "main.tf").read_text(encoding="utf-8")
    for check in CHECKS.values():
        assert re.search(rf"^# fails .*{check.id}\b", text, re.MULTILINE), check.id
    kinds = set(re.findall(r'^resource "(\w+)"', text, re.MULTILINE))
    for check in CHECKS.values():
        assert check.kinds == ("aws_*",) or {*check.kinds} & kinds, check.id


def test_tutorials_have_faults_and_their_mended_twins_have_none(reports: Path) -> None:
    found = failed(reports)
    for name in TUTORIALS:
        faults = [checks for (file, _), checks in found.items() if file == f"{name}/faulty/main.tf"]
        assert sum(map(len, faults)) >= 4, name
        assert not [file for file, _ in found if file == f"{name}/mended/main.tf"], name


def test_sarif_and_junit_say_the_same(reports: Path) -> None:
    number = sum(map(len, failed(reports).values()))
    sarif = json.loads((reports / "results_sarif.sarif").read_text(encoding="utf-8"))
    assert len(sarif["runs"][0]["results"]) == number
    rules = {rule["id"]: rule for rule in sarif["runs"][0]["tool"]["driver"]["rules"]}
    assert {*rules} == {*CHECKS}
    assert {rules[id_]["helpUri"] for id_ in CHECKS} == {one.guide for one in CHECKS.values()}
    junit = ElementTree.parse(reports / "results_junitxml.xml").getroot()
    assert len(list(junit.iter("failure"))) == number


def test_the_guide_tells_of_every_check() -> None:
    guide = (REPOSITORY / "docs" / "policy.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (CKV2_CTR_\d+)$", guide, re.MULTILINE)
    assert headings == list(CHECKS)


def test_the_hook_runs_the_checks(tmp_path: Path) -> None:
    hooks = (REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    (entry,) = re.findall(r"entry: (\S+)", hooks)
    faulty = CONFIGURATIONS / "shared-trail" / "faulty"
    output = run_limited(
        [str(REPOSITORY / entry), str(faulty / "main.tf")],
        cwd=CONFIGURATIONS,
        environment=policy.environment(tmp_path),
        timeout=300,
    )
    assert output.returncode == 1
    assert "CKV2_CTR_5" in output.stdout
