"""What is changed in ministack's own code, each change with what an issue upstream would say.

Everything else that ministack lacks is closed in front of it, by AWS's public protocol. A patch
goes when a release answers its issue.
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, sigv4
from ministack.services import (
    cloudwatch,
    ec2,
    eventbridge,
    firehose,
    iam,
    lambda_svc,
    scheduler,
    sns,
)

from localaws.clock import MovableClock
from localaws.emulator.partitions import SENT
from localaws.emulator.runtime import Runtimes
from localaws.wire.emulator import (
    UNKNOWN_RESOURCE,
    EmittedEvent,
    Notification,
    OnPublished,
    Published,
)
from localaws.wire.partition import AWS, partition, swapped_text

_LOG_END = f"end of log {uuid.uuid4()}"
_LOG_SECONDS = 10.0
_RESERVATION = re.compile(r"<reservationId>([^<]+)<")


def apply(
    runtimes: Runtimes,
    clock: MovableClock,
    on_event: EmittedEvent,
    on_published: OnPublished,
) -> None:
    """Apply all patches; once a process."""
    functions_see_their_own_packages(runtimes)
    logs_are_the_invocations_own()
    functions_have_the_embedders_time(runtimes, clock)
    functions_have_an_environment_of_their_own(runtimes)
    functions_know_their_log_group()
    functions_say_why_they_end()
    namesakes_are_let_run()
    principal_arn_is_the_roles()
    an_arn_in_a_request_is_its_resource()
    a_denial_tells_of_an_unknown_resource()
    security_group_rules_are_single()
    instances_keep_how_they_were_launched()
    instances_have_the_embedders_time(clock.now)
    streams_have_the_embedders_time(clock.now)
    events_are_handed_on(on_event)
    nothing_fires_by_itself()
    notifications_are_handed_on(on_published)
    alarms_are_looked_at_by_others()
    signatures_are_of_what_was_sent()
    signatures_may_have_the_embedders_time(clock)
    destinations_have_an_id()


def functions_see_their_own_packages(runtimes: Runtimes) -> None:
    """Lambda: Python workers import the packages of the server's own environment.

    A worker is started with the interpreter that runs ministack, site-packages and all. A function
    whose layer is forgotten, or whose zip lacks a dependency, works in ministack and fails on AWS.
    Wanted: a setting for the interpreter of a runtime (`LAMBDA_PYTHON_BINARY`), or `-S` with a
    folder of what the managed runtime brings (boto3, botocore and what they need).
    """
    worker = lambda_runtime._detect_runtime_binary

    def runtime_binary(runtime: str) -> tuple[str, str]:
        binary, script = worker(runtime)
        if not runtime.startswith("python"):
            return binary, script
        return runtime, runtimes.prelude(runtime) + script

    lambda_runtime._detect_runtime_binary = runtime_binary


def logs_are_the_invocations_own() -> None:
    """Lambda: what a function wrote may be missing in its invocation's log.

    After an answer, the worker's log is read for 50 ms, and to its end once nothing came for 5 ms.
    On a machine under load the lines come later: they are in the next invocation's log, or in none.
    Wanted: a mark of the worker at the end of each invocation's log, as is written here.
    """
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    answers = (
        '            _real_stdout.write(json.dumps({"status": "ok", "result": result})',
        '            _real_stdout.write(json.dumps({"status": "error", "error": str(e), "trace"',
    )
    for answer in answers:
        if script.count(answer) != 1:
            raise RuntimeError(f"ministack's worker has no line {answer.strip()}")
        marking = f"            sys.stderr.write({_LOG_END!r} + chr(10)); sys.stderr.flush()\n"
        script = script.replace(answer, marking + answer)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script
    worker = lambda_runtime.Worker
    as_it_comes = worker._drain_stderr_bounded

    def to_its_end(self: Any, *times: float, **named: float) -> str:
        if not str(self.config.get("Runtime")).startswith("python"):
            return str(as_it_comes(self, *times, **named))
        lines: list[str] = []
        until = time.monotonic() + _LOG_SECONDS
        while time.monotonic() < until:
            try:
                line = self._stderr_queue.get(timeout=0.05)
            except queue.Empty:
                if self._stderr_thread is None or not self._stderr_thread.is_alive():
                    break  # a function that ends its process leaves no mark
                continue
            if line.endswith(_LOG_END):
                # A last line without an end has the mark behind it.
                lines += filter(None, [line.removesuffix(_LOG_END)])
                break
            lines.append(line)
        return "\n".join(lines)

    worker._drain_stderr_bounded = to_its_end


def functions_have_the_embedders_time(runtimes: Runtimes, clock: MovableClock) -> None:
    """Lambda: a function's code sees the machine's time, and can't see another.

    Where the embedder's clock is moved, an event of now is dated in the future for the function
    that it is for. Wanted: a clock that an embedder can give, or a hook before each invocation.
    """
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for read in (
        "    init = json.loads(sys.stdin.readline())\n",
        "        _ms_msg = json.loads(line)\n",
    ):
        if script.count(read) != 1:
            raise RuntimeError(f"ministack's worker has no line {read.strip()}")
        indent = " " * (len(read) - len(read.lstrip()))
        script = script.replace(read, f"{read}{indent}function_clock.follow()\n")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script
    invoke = lambda_runtime.Worker.invoke

    def at_its_time(self: Any, *arguments: Any, **named: Any) -> Any:
        runtimes.move(clock.ahead)
        return invoke(self, *arguments, **named)

    lambda_runtime.Worker.invoke = at_its_time


def functions_have_an_environment_of_their_own(runtimes: Runtimes) -> None:
    """Lambda: a function is started with all variables, and all rights, of the server.

    It finds the keys, tokens and settings of whoever started ministack (`LOG_LEVEL` among them,
    which makes its logger silent), and his credentials file by way of HOME. Wanted: the variables
    that Lambda documents and no others; a hook around the command of a worker.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    lambda_runtime.os = lambda_svc.os = _Os(runtimes.variables(os.environ.get("PATH", os.defpath)))
    lambda_runtime.subprocess = _Subprocess(runtimes)


def functions_know_their_log_group() -> None:
    """Lambda: `AWS_LAMBDA_LOG_GROUP_NAME` is not in a worker's environment, as it is on AWS.

    Wanted: the group of the function's LoggingConfig beside the name of the log stream.
    """
    credentials = lambda_runtime.execution_credentials

    def and_log_group(config: dict[str, Any]) -> dict[str, str]:
        group = (config.get("LoggingConfig") or {}).get("LogGroup")
        name = group or f"/aws/lambda/{config.get('FunctionName', '')}"
        return {**credentials(config), "AWS_LAMBDA_LOG_GROUP_NAME": str(name)}

    lambda_runtime.execution_credentials = and_log_group


def functions_say_why_they_end() -> None:
    """Lambda: of a function that ends at its start, what it wrote is lost.

    Its log is read by a thread, and the sentence about its end looks for it elsewhere. Wanted: that
    thread's lines in the sentence.
    """
    worker = lambda_runtime.Worker
    spawn = worker._spawn

    def telling(self: Any) -> None:
        try:
            spawn(self)
        except RuntimeError as error:
            if self._stderr_thread is None or "exited immediately" not in str(error):
                raise
            self._stderr_thread.join(_LOG_SECONDS)
            raise RuntimeError(f"{error}{self._drain_stderr()}") from error

    worker._spawn = telling


def namesakes_are_let_run() -> None:
    """Lambda: UpdateFunctionConfiguration ends the functions of that name in all accounts and
    Regions, in the middle of an event.

    Wanted: its account and Region, as UpdateFunctionCode gives them.
    """
    invalidate = lambda_svc.invalidate_worker

    def of_here(name: str, qualifier: str | None = None, account: str | None = None,
                region: str | None = None) -> None:  # fmt: skip
        here = account or lambda_svc.get_account_id(), region or lambda_svc.get_region()
        invalidate(name, qualifier, *here)

    lambda_svc.invalidate_worker = of_here


class _Os:
    """`os`, whose environment is the server's to who asks for one name, and small to who copies."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.environ = _Environment(variables)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


class _Environment(dict[str, str]):
    def get(self, key: str, default: Any = None) -> Any:
        return os.environ.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in os.environ


class _Subprocess:
    """`subprocess`, whose processes are functions: with packages of their own and few rights."""

    def __init__(self, runtimes: Runtimes) -> None:
        self._runtimes = runtimes

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, worker: Sequence[str], **more: Any) -> Any:  # noqa: N802 (its name)
        return subprocess.Popen(self._runtimes.command(worker), **more)


def principal_arn_is_the_roles() -> None:
    """IAM: aws:PrincipalArn of a session is its assumed-role ARN; on AWS it is the role's.

    "For IAM roles, the request context returns the ARN of the role, not the ARN of the user that
    assumed the role." A policy with `ArnLike: {"aws:PrincipalArn": "arn:aws:iam::*:role/app/*"}`
    never holds in ministack.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    of_request = iam_evaluator._resolve_condition_key

    def condition_key(key: str, context: Any) -> Any:
        value = of_request(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
            return value
        _, partition, _, _, account, path = value.split(":", 5)
        name = path.split("/")[1]
        role = iam._roles.get_scoped(account, None, name) or {}
        return role.get("Arn", f"arn:{partition}:iam::{account}:role/{name}")

    iam_evaluator._resolve_condition_key = condition_key


def an_arn_in_a_request_is_its_resource() -> None:
    """IAM: calls that name their resource by its ARN are asked about `*`.

    `dynamodb:ListTagsOfResource` allowed on `arn:aws:dynamodb:*:*:table/*` is denied, since only a
    table's name is read from the request. Where the resource is not known otherwise, an ARN of the
    same service among the request's members (`ResourceArn`, `resourceArn`, `Resource`) is it.
    """
    known = iam_actions.extract_resource_arn

    def resource_arn(
        service: str,
        method: str,
        path: str,
        headers: Any,
        body: bytes,
        query_params: Any,
        region: str,
        account_id: str,
    ) -> str:
        arn = known(service, method, path, headers, body, query_params, region, account_id)
        if arn != "*":
            return str(arn)
        place = f":{service}:{region}:"
        for value in (*_members(body), *_values(query_params)):
            if isinstance(value, str) and value.startswith("arn:") and place in value:
                return value
        return "*"

    iam_actions.extract_resource_arn = resource_arn


def a_denial_tells_of_an_unknown_resource() -> None:
    """IAM: where the resource of a call is not known, its action is asked about on `*`.

    `iam:CreatePolicy` allowed on `arn:aws:iam::*:policy/app/*` is denied, and so are some hundred
    actions more. Wanted: the ARNs of the service authorization reference; or a denial that tells,
    as the header does that is put here, that no resource could be read.
    """
    known = iam_actions.access_denied_response

    def access_denied_response(service: str, action: str, *more: Any, **named: Any) -> Any:
        status, headers, body = known(service, action, *more, **named)
        policies = named.get("explicit_deny") or named.get("resource_policy_arn")
        if named.get("resource_arn") == "*" and not policies:
            headers = {**headers, UNKNOWN_RESOURCE.decode(): action}
        return status, headers, body

    iam_actions.access_denied_response = access_denied_response


def _members(body: bytes) -> list[Any]:
    try:
        members = json.loads(body or b"null")
    except ValueError:
        return []
    return list(members.values()) if isinstance(members, dict) else []


def _values(parameters: Any) -> list[Any]:
    found: list[Any] = []
    for value in (parameters or {}).values():
        found += value if isinstance(value, list) else [value]
    return found


def security_group_rules_are_single() -> None:
    """EC2: an entry of IpPermissions with two ranges becomes one rule; on AWS it becomes two.

    RevokeSecurityGroupIngress of one of the two ranges then finds no such rule, and revoking the
    other's entry takes both.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
    """
    permissions = ec2._parse_ip_permissions
    ec2._parse_ip_permissions = lambda parameters, prefix: [
        rule for entry in permissions(parameters, prefix) for rule in _rules(entry)
    ]


def instances_keep_how_they_were_launched() -> None:
    """EC2: DescribeInstances makes up a reservation, and tells no network interface and no token.

    On AWS an instance has the reservation id that RunInstances answered, for good, and the client
    token of that call. Its primary network interface tells when it was first launched.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
    """
    launch, describe, xml = ec2._run_instances, ec2._describe_instances, ec2._instance_xml

    def launched(parameters: Any) -> Any:
        before = {*ec2._instances}
        status, headers, body = launch(parameters)
        named = _RESERVATION.search(body.decode())
        for id_ in {*ec2._instances} - before if named else ():
            kept = ec2._instances[id_]
            kept["ReservationId"] = named[1] if named else ""
            kept["ClientToken"] = ec2._p(parameters, "ClientToken")
            kept["FirstLaunchTime"] = kept["LaunchTime"]
        return status, headers, body

    def described(parameters: Any) -> Any:
        status, headers, body = describe(parameters)
        text = body.decode()
        for id_, kept in ec2._instances.items():
            if kept.get("ReservationId"):
                text = text.replace(
                    f"<reservationId>r-{id_[2:]}<", f"<reservationId>{kept['ReservationId']}<"
                )
        return status, headers, text.encode()

    def instance(kept: Any) -> Any:
        more = ""
        if kept.get("FirstLaunchTime"):
            more += (
                f"<networkInterfaceSet><item><networkInterfaceId>eni-{kept['InstanceId'][2:]}"
                "</networkInterfaceId><attachment><deviceIndex>0</deviceIndex>"
                f"<attachTime>{kept['FirstLaunchTime']}</attachTime><status>attached</status>"
                "</attachment></item></networkInterfaceSet>"
            )
        if kept.get("ClientToken"):
            more += f"<clientToken>{escape(kept['ClientToken'])}</clientToken>"
        whole = xml(kept)
        end = whole.rindex("</item>")
        return f"{whole[:end]}{more}</item>"

    ec2._ACTION_MAP["RunInstances"] = launched
    ec2._ACTION_MAP["DescribeInstances"] = described
    ec2._instance_xml = instance


def instances_have_the_embedders_time(now: Callable[[], datetime]) -> None:
    """EC2: the time of what is made is the machine's, and can't be another.

    A record has the embedder's time, which can be moved: an instance would not be of the time of
    the call that launched it. Wanted: a clock that an embedder can give.
    """
    ec2._now_ts = lambda: now().strftime("%Y-%m-%dT%H:%M:%S.000Z")


def streams_have_the_embedders_time(now: Callable[[], datetime]) -> None:
    """Firehose: objects have the machine's hour in their names, and it can't be another.

    What is looked for from the hour of its event on, by the embedder's clock, would lie in an hour
    before it. Wanted: a clock that an embedder can give.
    """

    def arrival(destination: Mapping[str, Any]) -> time.struct_time:
        zone = destination.get("CustomTimeZone") or "UTC"
        return now().astimezone(ZoneInfo(zone)).timetuple()

    firehose._arrival_time = arrival


def events_are_handed_on(on_event: EmittedEvent) -> None:
    """EventBridge: delivery asks for no permission and knows no dead-letter queue.

    A target whose resource policy does not admit EventBridge gets events in ministack; RetryPolicy
    and DeadLetterConfig are kept and not followed. Wanted: a hook that takes the events which
    services put on a bus, so that an embedder can deliver them.
    """

    def emitted(record: dict[str, Any], view: Any = None) -> None:
        del view
        region = record["Region"]
        event = json.loads(swapped_text(json.dumps(_envelope(record)), partition(region)))
        on_event(event, record["Account"], region, record["EventBusName"])

    eventbridge._dispatch_event = emitted


def nothing_fires_by_itself() -> None:
    """EventBridge: schedules and archives can't be switched off.

    They follow the machine's clock, in a thread, and would fire and archive a second time beside an
    embedder's own. Wanted: a setting as there is for other background work.
    """
    eventbridge.start_scheduler = scheduler.start_scheduler = lambda: None
    eventbridge._archive_event = lambda event, view=None: None


_alarm: ContextVar[str | None] = ContextVar("alarm", default=None)


def notifications_are_handed_on(on_published: OnPublished) -> None:
    """SNS: a delivery that fails is gone, without a metric; a queue's key is not asked.

    A subscription's RedrivePolicy is kept and not followed, a queue under a key that does not admit
    SNS gets its messages, a function gets them without a permission, and an alarm reaches topics
    whose policy does not admit CloudWatch. Wanted: a hook that takes what a topic has for its
    subscribers, so that an embedder can deliver it.
    https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
    """

    def fanned_out(
        topic_arn: str, msg_id: str, message: str, subject: str, message_structure: str = "",
        message_attributes: Any = None, message_group_id: str = "", message_dedup_id: str = "",
    ) -> None:  # fmt: skip
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": ()}
        given = message_attributes or {}
        more = {"MessageGroupId": message_group_id, "MessageDeduplicationId": message_dedup_id}
        notifications = []
        for subscription in topic["subscriptions"]:
            protocol, settings = subscription["protocol"], subscription["attributes"]
            text = sns._resolve_message_for_protocol(message, message_structure, protocol)
            passes = sns._matches_filter_policy(subscription, given, text)
            if not (subscription["confirmed"] and passes):
                continue
            raw = settings.get("RawMessageDelivery") == "true"
            notifications.append(
                Notification(
                    subscription=subscription["arn"],
                    protocol=protocol,
                    endpoint=subscription["endpoint"],
                    text=sns._build_envelope(topic_arn, msg_id, text, subject, given, raw),
                    raw=raw,
                    attributes=given,
                    more={name: value for name, value in more.items() if value},
                    redrive=_dead_letters(settings.get("RedrivePolicy")),
                )
            )
        mailed = sns._resolve_message_for_protocol(message, message_structure, "email")
        published = Published(
            topic_arn, msg_id, subject or "", mailed, _alarm.get(), tuple(notifications)
        )
        on_published(_outside(published))

    sns._fanout = fanned_out
    act = cloudwatch._dispatch_alarm_actions

    def acted(alarm: Mapping[str, Any], *states: str) -> None:
        alarms = _alarm.set(str(alarm["AlarmArn"]))
        try:
            act(alarm, *states)
        finally:
            _alarm.reset(alarms)

    cloudwatch._dispatch_alarm_actions = acted


def _outside(published: Published) -> Published:
    """With the ARNs of the topic's partition."""
    name = partition(published.topic.split(":")[3])
    if name == AWS:
        return published

    def outside(text: str | None) -> Any:
        return swapped_text(text, name) if text else text

    return replace(
        published,
        topic=outside(published.topic),
        alarm=outside(published.alarm),
        notifications=tuple(
            replace(
                each,
                subscription=outside(each.subscription),
                endpoint=outside(each.endpoint),
                text=outside(each.text),
                redrive=outside(each.redrive),
            )
            for each in published.notifications
        ),
    )


def alarms_are_looked_at_by_others() -> None:
    """CloudWatch: an alarm's dimensions, missing data, expressions and periods are not looked at.

    Data of one queue ring the alarm of another; an alarm whose data end never changes. Wanted: a
    setting that leaves states to SetAlarmState.
    """
    cloudwatch._evaluate_alarm = lambda alarm: None


def signatures_are_of_what_was_sent() -> None:
    """ARNs: `aws` is the only partition.

    In cn-north-1 and us-gov-west-1 every ARN begins with `arn:aws:`. `partitions.py` names them
    anew on their way in and out, so that the request that is checked is not the one that was
    signed. Wanted: the partition of the Region.
    """
    pin, pin_body = app.pin_signed_request, app.pin_signed_body

    def pinned(method: str, path: str, query: Any, headers: Any) -> None:
        sent = SENT.get()
        if sent is not None:
            path, headers = sent.raw_path.decode("latin-1"), sent.headers
            query = parse_qs(sent.query_string.decode(), keep_blank_values=True)
        pin(method, path, query, headers)

    def body_pinned(body: bytes) -> None:
        sent = SENT.get()
        pin_body(body if sent is None else sent.body)

    app.pin_signed_request, app.pin_signed_body = pinned, body_pinned


def signatures_may_have_the_embedders_time(clock: MovableClock) -> None:
    """IAM: a request is refused whose signature has not the machine's time.

    A function signs with the embedder's (`functions_have_the_embedders_time`), and with that of its
    start where the clock is moved while it runs: any time from the machine's to the embedder's is
    good. Wanted: a clock that an embedder can give.
    """
    failure = sigv4.request_time_failure

    def of_any_time_between(signature: Any) -> Any:
        signed = sigv4._amz_datetime(signature.amz_date)
        now = datetime.now(UTC)
        return failure(signature, now=min(max(signed or now, now), clock.now()))

    sigv4.request_time_failure = of_any_time_between


def _dead_letters(policy: str | None) -> str | None:
    try:
        found = json.loads(policy or "{}")
    except ValueError:
        return None
    return found.get("deadLetterTargetArn") if isinstance(found, dict) else None


def destinations_have_an_id() -> None:
    """EventBridge: the ARNs of connections and API destinations lack the id at their end.

    AWS: `arn:aws:events:us-east-1:123456789012:api-destination/name/<uuid>`. A role's policy for
    `api-destination/name/*`, as AWS's page has it, grants nothing in ministack.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destination-create.html
    """
    for create, kept, member in (
        ("_create_connection", eventbridge._connections, "ConnectionArn"),
        ("_create_api_destination", eventbridge._api_destinations, "ApiDestinationArn"),
    ):
        setattr(eventbridge, create, _with_id(getattr(eventbridge, create), kept, member))


def _with_id(create: Callable[[Any], Any], kept: Any, member: str) -> Callable[[Any], Any]:
    def created(data: Any) -> Any:
        status, headers, body = create(data)
        answer = json.loads(body)
        if status == 200 and member in answer:
            arn = f"{answer[member]}/{uuid.uuid4()}"
            kept[data["Name"]][member] = answer[member] = arn
            body = json.dumps(answer).encode()
        return status, headers, body

    return created


def _rules(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An entry of IpPermissions as EC2 keeps it: a rule for each range, group and prefix list."""
    peers = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
    alone = {**entry, **{kind: [] for kind in peers}}
    return [{**alone, kind: [peer]} for kind in peers for peer in entry[kind]] or [alone]


def _envelope(record: Mapping[str, Any]) -> dict[str, Any]:
    """EventBridge's envelope of an event that ministack holds in its own form."""
    detail = record.get("Detail", "{}")
    when = datetime.fromtimestamp(float(record.get("Time", 0)), UTC)
    return {
        "version": "0",
        "id": record["EventId"],
        "detail-type": record.get("DetailType", ""),
        "source": record.get("Source", ""),
        "account": record["Account"],
        "time": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": record["Region"],
        "resources": list(record.get("Resources", [])),
        "detail": json.loads(detail) if isinstance(detail, str) else detail,
    }
