"""The reaction without AWS: run it with pytest, in this folder."""

from own_reaction import handler
from reactor.testing import AwsDouble, Refusal, api_call, decide, rehearse, role_session

TEAMS = {"teams": ["platform"]}


def put(name, **more):
    return api_call("ssm.amazonaws.com", "PutParameter", request={"name": name}, **more)


def holding(kind="String"):
    return AwsDouble({"ssm.get_parameter": {"Parameter": {"Type": kind, "Value": "v"}}})


def test_a_teams_own_parameter_is_left_alone():
    assert decide(handler, put("/platform/a"), settings=TEAMS) == []


def test_a_call_that_failed_changed_nothing():
    assert decide(handler, put("/odd", error="AccessDenied"), settings=TEAMS) == []


def test_a_parameter_that_is_gone_needs_nothing():
    aws = AwsDouble({"ssm.get_parameter": Refusal("ParameterNotFound")})
    assert decide(handler, put("/odd"), aws=aws, settings=TEAMS) == []


def test_an_odd_parameter_is_deleted_and_the_undo_puts_it_back():
    seen = rehearse(handler, put("/odd"), aws=holding(), mode="enforce", settings=TEAMS)
    assert seen.taken == ("delete the parameter /odd",)
    assert [(call.name, call.parameters) for call in seen.calls] == [
        ("ssm.delete_parameter", {"Name": "/odd"})
    ]
    (alert,) = seen.alerts
    assert "alice (IAM user) put /odd; own-reaction deleted the parameter /odd." in alert.text
    (undo,) = seen.undo
    assert undo.startswith("aws ssm put-parameter --region eu-west-1 ")
    assert '"Value": "v"' in undo


def test_in_dry_run_nothing_is_done_and_nobody_is_told():
    seen = rehearse(handler, put("/odd"), aws=holding(), settings=TEAMS)
    assert seen.planned == ("delete the parameter /odd",)
    assert (seen.calls, seen.alerts) == ((), ())


def test_a_secret_is_only_told():
    seen = rehearse(handler, put("/odd"), aws=holding("SecureString"), mode="enforce")
    assert (seen.calls, len(seen.alerts)) == ((), 1)


def test_the_pipeline_may_be_exempt():
    event = put("/odd", actor=role_session("deploy", "42", path="/ci/"))
    seen = rehearse(handler, event, exemptions={"role_paths": {"/ci/": "2999-12-31"}})
    assert seen.left_alone.startswith("exempt until 2999-12-31")
