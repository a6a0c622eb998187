"""A function's configuration: a mistake is told, with what to change."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from reactor.reactions.ec2_launch_guard import Settings
from reactor.settings import Deployment, SettingsError, parse_settings

from tests.unit.reactor.world import TOPIC

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class _Odd:
    ratio: float = 0.5
    on: bool = False


def test_the_settings_of_the_contract() -> None:
    source = {
        "tag_prefix": "reactor:",
        "alert_from_size": "4xlarge",
        "alert_instance_types": ["p*", "*.metal"],
        "alert_from_count": 10,
    }
    assert parse_settings(Settings, json.dumps(source)) == Settings(
        "reactor:", "4xlarge", ("p*", "*.metal"), 10
    )


def test_nothing_set_and_nulls_turn_the_alerts_off() -> None:
    nulls = '{"alert_from_size": null, "alert_from_count": null, "alert_instance_types": []}'
    assert parse_settings(Settings, nulls) == parse_settings(Settings, "{}") == Settings()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{", "REACTION_SETTINGS is no JSON .*; write an object"),
        ("[]", "must be a JSON object"),
        ('{"alert_from_sise": "large"}', "no setting 'alert_from_sise'; did you mean 'alert_from_"),
        ('{"zzz": 1}', "no setting 'zzz'; the settings are tag_prefix, alert_from_size"),
        ('{"alert_from_count": "ten"}', 'alert_from_count is "ten"; it must be a whole number or'),
        ('{"alert_from_count": true}', "alert_from_count is true; it must be a whole number or"),
        ('{"alert_from_count": 0}', "alert_from_count is 0; use 1 or more"),
        ('{"alert_from_count": 1.5}', "it must be a whole number or null"),
        ('{"alert_from_size": "huge"}', "alert_from_size is 'huge', which is no instance size"),
        ('{"alert_from_size": 4}', "alert_from_size is 4; it must be a text or null"),
        ('{"alert_instance_types": "p*"}', "must be a list whose every entry is a text"),
        ('{"alert_instance_types": [1]}', "must be a list whose every entry is a text"),
        ('{"alert_instance_types": ["P4d.*"]}', "alert_instance_types has 'P4d.\\*'; use lower"),
        ('{"alert_instance_types": [""]}', "alert_instance_types has ''"),
        ('{"tag_prefix": ""}', "tag_prefix is ''; use letters"),
        ('{"tag_prefix": "a!"}', "tag_prefix is 'a!'; use letters"),
        ('{"tag_prefix": "AWS:x"}', "AWS keeps aws: for itself"),
        ('{"tag_prefix": null}', "tag_prefix is null; it must be a text"),
    ],
)
def test_mistakes_are_told(source: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        parse_settings(Settings, source)


def test_a_prefix_must_leave_room_for_the_names() -> None:
    assert Settings(tag_prefix="p" * 115).tag_prefix
    with pytest.raises(SettingsError, match="tag_prefix is too long; use at most 115"):
        parse_settings(Settings, json.dumps({"tag_prefix": "p" * 116}))


def test_other_types() -> None:
    assert parse_settings(_Odd, '{"ratio": 1, "on": true}') == _Odd(1, True)
    with pytest.raises(SettingsError, match="on is 1; it must be true or false"):
        parse_settings(_Odd, '{"on": 1}')
    with pytest.raises(SettingsError, match="ratio is true; it must be a number"):
        parse_settings(_Odd, '{"ratio": true}')


def test_dry_run_is_the_default() -> None:
    deployment = Deployment.from_environment({}, "guard")
    assert deployment == Deployment("guard", "dry_run", "", "{}")


def test_the_environment() -> None:
    environment = {
        "REACTION_NAME": "mine",
        "REACTION_MODE": "enforce",
        "ALERT_TOPIC_ARN": TOPIC,
        "REACTION_SETTINGS": '{"a": 1}',
    }
    assert Deployment.from_environment(environment, "guard") == Deployment(
        "mine", "enforce", TOPIC, '{"a": 1}'
    )


@pytest.mark.parametrize("mode", ["", "Enforce", "dry-run", "on"])
def test_a_misspelt_mode_is_told(mode: str) -> None:
    with pytest.raises(SettingsError, match="set it to dry_run, notify or enforce"):
        Deployment.from_environment({"REACTION_MODE": mode}, "guard")


@pytest.mark.parametrize("arn", ["alerts", "arn:aws:sqs:eu-west-1:1:q", "arn:aws:sns:::x"])
def test_a_wrong_topic_is_told(arn: str) -> None:
    with pytest.raises(SettingsError, match="give the ARN of an SNS topic"):
        Deployment.from_environment({"ALERT_TOPIC_ARN": arn}, "guard")
