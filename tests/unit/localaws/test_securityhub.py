"""Findings in the local AWS's Security Hub: whose they are, what updates them, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.wire.errors import RefusalError
from localaws.wire.parts import Parts
from tests.unit.localaws.calls import ACCOUNT, REGION, answer, call, parts

pytestmark = pytest.mark.unit

PRODUCT = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default"
FINDING: dict[str, Any] = {
    "SchemaVersion": "2018-10-08",
    "Id": "f-1",
    "ProductArn": PRODUCT,
    "GeneratorId": "g",
    "AwsAccountId": ACCOUNT,
    "CreatedAt": "2026-11-28T16:00:00Z",
    "UpdatedAt": "2026-11-28T16:00:00Z",
    "Title": "t",
    "Description": "d",
    "Resources": [{"Type": "Other", "Id": "x"}],
    "FindingProviderFields": {"Severity": {"Label": "HIGH"}, "Types": ["TTPs/Discovery"]},
}


@pytest.fixture
def shared() -> Parts:
    made = parts(lambda *_: None)
    ask(made, "EnableSecurityHub")
    return made


def ask(shared: Parts, operation: str, **parameters: Any) -> Any:
    return answer(call(shared, "securityhub", operation, parameters))


def test_a_finding_is_kept_and_updated(shared: Parts) -> None:
    assert ask(shared, "BatchImportFindings", Findings=[FINDING])["SuccessCount"] == 1
    (found,) = ask(shared, "GetFindings")["Findings"]
    assert (found["Severity"], found["Workflow"]) == ({"Label": "HIGH"}, {"Status": "NEW"})
    noted = ask(
        shared,
        "BatchUpdateFindings",
        FindingIdentifiers=[{"Id": "f-1", "ProductArn": PRODUCT}],
        Note={"Text": "looked at", "UpdatedBy": "ana"},
        Workflow={"Status": "RESOLVED"},
    )
    assert noted["UnprocessedFindings"] == []
    # What people said of it stays, whatever the provider sends.
    again = {**FINDING, "Title": "new", "Workflow": {"Status": "NEW"}, "Note": {"Text": "x"}}
    ask(shared, "BatchImportFindings", Findings=[again])
    (found,) = ask(shared, "GetFindings")["Findings"]
    assert (found["Title"], found["Workflow"]) == ("new", {"Status": "RESOLVED"})
    assert found["Note"]["Text"] == "looked at"


@pytest.mark.parametrize(
    "change",
    [
        {"AwsAccountId": "999999999999"},
        {"ProductArn": PRODUCT.replace(ACCOUNT, "999999999999")},
        {"Description": "x" * 250_000},
        {"FindingProviderFields": {}},
        {"Resources": []},
    ],
)
def test_one_bad_finding_costs_itself_alone(shared: Parts, change: dict[str, Any]) -> None:
    bad = {**FINDING, "Id": "bad", **change}
    told = ask(shared, "BatchImportFindings", Findings=[FINDING, bad])
    assert (told["SuccessCount"], told["FailedCount"]) == (1, 1)
    assert told["FailedFindings"][0]["Id"] == "bad"
    assert [each["Id"] for each in ask(shared, "GetFindings")["Findings"]] == ["f-1"]


def test_findings_are_found_by_texts_and_by_pages(shared: Parts) -> None:
    many = [{**FINDING, "Id": f"f-{n}"} for n in range(5)]
    ask(shared, "BatchImportFindings", Findings=many)
    wanted = {"Id": [{"Value": "f-3", "Comparison": "EQUALS"}]}
    assert len(ask(shared, "GetFindings", Filters=wanted)["Findings"]) == 1
    page = ask(shared, "GetFindings", MaxResults=3)
    rest = ask(shared, "GetFindings", MaxResults=3, NextToken=page["NextToken"])
    assert [len(page["Findings"]), len(rest["Findings"])] == [3, 2]
    with pytest.raises(RefusalError, match="does not filter findings by NOT_EQUALS"):
        ask(shared, "GetFindings", Filters={"Id": [{"Value": "x", "Comparison": "NOT_EQUALS"}]})


def test_without_a_hub_nothing_is_taken(shared: Parts) -> None:
    with pytest.raises(RefusalError, match="already subscribed"):
        ask(shared, "EnableSecurityHub")
    ask(shared, "DisableSecurityHub")
    for operation in ("BatchImportFindings", "DescribeHub", "GetFindings"):
        with pytest.raises(RefusalError, match="is not subscribed"):
            ask(shared, operation, Findings=[FINDING])


def test_more_than_a_hundred_at_once_are_refused(shared: Parts) -> None:
    with pytest.raises(RefusalError, match="1 to 100"):
        ask(shared, "BatchImportFindings", Findings=[FINDING] * 101)


def test_what_is_not_there_is_not_updated(shared: Parts) -> None:
    told = ask(
        shared,
        "BatchUpdateFindings",
        FindingIdentifiers=[{"Id": "no", "ProductArn": PRODUCT}],
        Note={"Text": "n", "UpdatedBy": "u"},
    )
    assert told["UnprocessedFindings"][0]["ErrorCode"] == "FindingNotFound"
