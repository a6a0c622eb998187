"""AWS's recorded answers: the local AWS gives the same, but for what `known_differences` lists."""

from __future__ import annotations

import pytest

from tests.harness.local_aws import LocalAws
from tests.judges import refresh_known_differences
from tests.judges.facts import Fact, Judge, difference, facts, filled, known_differences

FACTS = facts()
DIFFERENT = known_differences()


@pytest.fixture(scope="module")
def judge(local_aws: LocalAws) -> Judge:
    return Judge(local_aws)


@pytest.mark.e2e
@pytest.mark.parametrize("fact", FACTS.values(), ids=list(FACTS))
def test_the_local_aws_answers_as_aws_does(judge: Judge, fact: Fact) -> None:
    outcome = judge.judge(fact)
    listed = DIFFERENT.get(fact.id, {}).get("kind", "kept")
    assert outcome.verdict == listed, (
        f"\n{fact.call}\nAWS:       {outcome.aws}\nlocal AWS: {outcome.local}\n"
        f"({fact.source})\nOnce it is meant so: `{refresh_known_differences.COMMAND}`"
    )


@pytest.mark.unit
def test_there_are_facts_of_every_service_that_the_project_relies_on() -> None:
    services = {fact.service for fact in FACTS.values()}
    assert services >= {
        *("cloudtrail", "events", "iam", "kms", "lambda", "s3", "scheduler", "sns", "sqs"),
    }
    assert len(FACTS) >= 150
    assert all(fact.source for fact in FACTS.values())
    assert all(len(fact.answer) - ("message" in fact.answer) == 1 for fact in FACTS.values())


@pytest.mark.unit
def test_a_known_difference_is_of_a_fact_and_says_why() -> None:
    assert set(DIFFERENT) <= set(FACTS)
    assert {entry["kind"] for entry in DIFFERENT.values()} <= {"other answer", "other words"}
    assert all(entry["why"].strip() for entry in DIFFERENT.values())


@pytest.mark.unit
def test_the_table_of_what_is_not_kept_is_current() -> None:
    table = refresh_known_differences.TABLE.read_text(encoding="utf-8")
    assert table == refresh_known_differences.table(FACTS, DIFFERENT), (
        f"run `{refresh_known_differences.COMMAND}`"
    )


@pytest.mark.unit
def test_rows_are_filled_in() -> None:
    known = {"u": "mine", "kept": {"List": [{"Arn": "arn:x"}], "Number": 3}}
    assert filled("{kept.Number}", known) == 3
    assert filled('{{"a": "{u}-{kept.List.0.Arn}"}}', known) == '{"a": "mine-arn:x"}'
    assert filled({"A": {"json": {"b": ["{u}"]}}}, known) == {"A": '{"b": ["mine"]}'}
    assert filled({"repeat": "ab", "times": 2}, known) == "abab"


@pytest.mark.unit
def test_answers_are_compared() -> None:
    answer = {"A": "abc", "B": [{"C": 1, "D": 2}], "E": '{"f": {"g": 1, "h": 2}}'}
    same = {"A": {"like": "a*"}, "B": [{"C": 1}], "E": {"json": {"f": {"g": 1}}}}
    assert difference(answer, same) is None
    assert difference(answer, {"X": {"absent": True}}) is None
    for expected, words in (
        ({"A": {"absent": True}}, "A is there"),
        ({"X": "abc"}, "X is not there"),
        ({"A": "abd"}, "A is 'abc'"),
        ({"A": {"like": "b*"}}, "A is 'abc'"),
        ({"B": [{"C": 1}, {"C": 1}]}, "B is [{'C': 1, 'D': 2}]"),
        ({"B": [{"D": 1}]}, "D is 2"),
        ({"E": {"json": {"f": {"g": 2}}}}, "g is 1"),
    ):
        assert difference(answer, expected) == words
