"""Lambda: functions that AWS would not make."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.strict.support import Account, allow, package, refused

pytestmark = pytest.mark.e2e

LAMBDA = {"Service": "lambda.amazonaws.com"}
UNASSUMABLE = "The role defined for the function cannot be assumed by Lambda."


def create(account: Account, role: str, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = account.client("lambda").create_function(
        **{
            "FunctionName": "f",
            "Runtime": "python3.13",
            "Handler": "m.h",
            "Role": role,
            "Code": {"ZipFile": package()},
            **more,
        }
    )
    return answer


@pytest.fixture
def role(account: Account) -> str:
    return account.role("function", LAMBDA)


@pytest.fixture
def function(account: Account, role: str) -> Any:
    """A Lambda client of an account with a function `f`."""
    create(account, role)
    return account.client("lambda")


def test_a_role_that_is_not_there(account: Account, function: Any) -> None:
    ghost = account.arn("iam", "role/ghost")
    with refused("InvalidParameterValueException", UNASSUMABLE):
        create(account, ghost, FunctionName="g")
    with refused("InvalidParameterValueException", UNASSUMABLE):
        function.update_function_configuration(FunctionName="f", Role=ghost)


def test_a_role_that_trusts_another_service(account: Account) -> None:
    role = account.role("web", {"Service": "ec2.amazonaws.com"})
    with refused("InvalidParameterValueException", UNASSUMABLE):
        create(account, role)


def test_a_role_of_another_account(account: Account, other: Account) -> None:
    with refused("AccessDeniedException", "Cross-account pass role is not allowed.", 403):
        create(account, other.role("function", LAMBDA))


def test_a_role_that_is_none(account: Account) -> None:
    with refused("ValidationException"):
        create(account, "function")


def test_more_than_four_kilobytes_of_environment(account: Account, function: Any) -> None:
    variables = {"SETTINGS": "x" * 4082}
    assert len(json.dumps(variables, separators=(",", ":"))) == 4097
    with refused("InvalidParameterValueException") as _:
        create(account, account.arn("iam", "role/function"), FunctionName="g",
               Environment={"Variables": variables})  # fmt: skip
    measured = json.dumps(variables, separators=(",", ":"))
    with refused(
        "InvalidParameterValueException",
        "Lambda was unable to configure your environment variables because the environment "
        f"variables you have provided exceeded the 4KB limit. String measured: {measured}",
    ):
        function.update_function_configuration(
            FunctionName="f", Environment={"Variables": variables}
        )
    variables = {"SETTINGS": "x" * 4081}
    function.update_function_configuration(FunctionName="f", Environment={"Variables": variables})


def test_reserved_names_in_the_environment(account: Account, role: str) -> None:
    with refused(
        "InvalidParameterValueException",
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided contains reserved keys that are currently not supported for "
        "modification. Reserved keys used in this request: AWS_REGION",
    ):
        create(account, role, Environment={"Variables": {"AWS_REGION": "mars-north-1"}})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"FunctionName": "has space"}, "ValidationException"),
        ({"FunctionName": "x" * 65}, "ValidationException"),
        ({"Runtime": "python1.0"}, "InvalidParameterValueException"),
        ({"Timeout": 901}, "ValidationException"),
        ({"MemorySize": 10_241}, "ValidationException"),
        ({"Environment": {"Variables": {"1X": "y"}}}, "ValidationException"),
    ],
)
def test_settings_that_are_none(
    account: Account, role: str, change: dict[str, Any], code: str
) -> None:
    with refused(code):
        create(account, role, **change)
    assert account.client("lambda").list_functions()["Functions"] == []


def test_a_layer_that_is_not_there(account: Account, role: str) -> None:
    layer = account.arn("lambda", "layer:ghost:1")
    with refused("InvalidParameterValueException", f"Layer version {layer} does not exist."):
        create(account, role, Layers=[layer])


def test_more_than_five_layers(account: Account, role: str) -> None:
    layers = [account.arn("lambda", f"layer:l{n}:1") for n in range(6)]
    with refused("InvalidParameterValueException", "Cannot reference more than 5 layers."):
        create(account, role, Layers=layers)


def test_a_dead_letter_queue_that_the_role_cannot_write(account: Account) -> None:
    queue = account.arn("sqs", "dead")
    account.client("sqs").create_queue(QueueName="dead")
    bare = account.role("bare", LAMBDA)
    target = {"DeadLetterConfig": {"TargetArn": queue}}
    sentence = "The provided execution role does not have permissions to call SendMessage on SQS"
    with refused("InvalidParameterValueException", sentence):
        create(account, bare, **target)
    create(account, account.role("able", LAMBDA, allow("sqs:SendMessage", queue)), **target)


@pytest.mark.parametrize("principal", ["arn:aws:iam::111122223333:role/ghost", "events", "web.ec2"])
def test_permission_for_whoever_does_not_exist(function: Any, principal: str) -> None:
    with refused(
        "InvalidParameterValueException",
        "The provided principal was invalid. Please check the principal and try again.",
    ):
        function.add_permission(
            FunctionName="f",
            StatementId="s",
            Action="lambda:InvokeFunction",
            Principal=principal,
        )


@pytest.mark.parametrize("principal", ["events.amazonaws.com", "111122223333", "*"])
def test_permission_for_whoever_exists(function: Any, principal: str) -> None:
    function.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal=principal
    )


def test_a_policy_that_grows_too_large(account: Account, function: Any) -> None:
    """Some sixty rules, each with a permission of its own, are too many for one function."""
    added = 0
    with refused("PolicyLengthExceededException"):
        for number in range(100):
            function.add_permission(
                FunctionName="f",
                StatementId=f"rule-{number}",
                Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com",
                SourceArn=account.arn("events", f"rule/detections-of-this-account-{number}"),
            )
            added = number + 1
    assert 60 < added < 90
    assert len(json.loads(function.get_policy(FunctionName="f")["Policy"])["Statement"]) == added


def test_who_may_not_is_not_told_what_else_is_wrong(account: Account) -> None:
    who = account.user("ana")
    with refused("AccessDeniedException", status=403):
        account.client("lambda", who).create_function(
            FunctionName="f",
            Runtime="python3.13",
            Handler="m.h",
            Role=account.arn("iam", "role/ghost"),
            Code={"ZipFile": package()},
        )


# What stays the same as long as the function's process lives.
LIVES = "import uuid\nLIFE = str(uuid.uuid4())\ndef h(event, context):\n    return LIFE\n"
DIES = "import os, sys\nsys.stderr.write('no such thing\\n')\nsys.stderr.flush()\nos._exit(3)\n"


def test_a_change_is_not_of_the_namesake_in_another_account(
    account: Account, other: Account
) -> None:
    """Else a function's process ends, in the middle of an event, when a stranger's is changed."""
    for each in (account, other):
        code = {"ZipFile": package(LIVES)}
        create(each, each.role("function", LAMBDA), FunctionName="namesake", Code=code)

    def life() -> str:
        answer = account.client("lambda").invoke(FunctionName="namesake")
        assert "FunctionError" not in answer
        return str(json.loads(answer["Payload"].read()))

    before = life()
    assert life() == before
    other.client("lambda").update_function_configuration(FunctionName="namesake", MemorySize=256)
    assert life() == before
    account.client("lambda").update_function_configuration(FunctionName="namesake", MemorySize=256)
    assert life() != before


def test_a_process_that_ends_at_its_start_says_why(account: Account, role: str) -> None:
    create(account, role, Code={"ZipFile": package(DIES)})
    answer = account.client("lambda").invoke(FunctionName="f")
    assert answer["FunctionError"] == "Unhandled"
    assert "no such thing" in json.loads(answer["Payload"].read())["errorMessage"]
