"""From a topic to its subscribers: who admits SNS gets the message, and what fails is kept.

What a subscriber does not take goes to the subscription's dead-letter queue, if that queue admits
SNS, and is counted in the topic's metrics. SNS tries again for hours where a server fails; here a
failure is one that no retry mends (no permission, no such queue), for which AWS makes none.
https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.activity import Activity
from localaws.clock import MovableClock
from localaws.iam.permissions import role_allows
from localaws.iam.policy import Context, PolicyError, Principal, evaluate
from localaws.kms.use import KeyRefusedError, ensure_usable
from localaws.wire.clients import InProcessClients
from localaws.wire.emulator import Notification, Published

_log = logging.getLogger(__name__)

SNS, CLOUDWATCH = "sns.amazonaws.com", "cloudwatch.amazonaws.com"
_NAMESPACE = "AWS/SNS"
_HTTP_SECONDS = 5
# What SNS writes down, and how the topic's attributes begin for it.
_LOGGED = {"http": "HTTP", "https": "HTTP", "lambda": "Lambda", "sqs": "SQS"}


class _Refused(Exception):  # noqa: N818 (a subscriber's answer, no error of ours)
    """Why a message can't be delivered."""


class Deliveries:
    """Delivers what topics have for their subscribers, in the order in which it was published.

    `invoke` accepts a payload for a function; `counted` is told the account, Region and namespace
    in which the topic's metrics have changed.
    """

    def __init__(
        self,
        aws: InProcessClients,
        clock: MovableClock,
        report: Callable[[Activity], None],
        invoke: Callable[[str, bytes], str],
        counted: Callable[[str, str, str], None],
    ) -> None:
        self._aws = aws
        self._clock = clock
        self._report = report
        self._invoke = invoke
        self._counted = counted
        # One thread: a queue's messages stay in order.
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sns")
        self._idle = threading.Condition()
        self._under_way = 0
        self._closed = False

    def submit(self, published: Published) -> None:
        """Accept a message; returns at once."""
        with self._idle:
            if self._closed:
                return
            self._under_way += 1
        self._pool.submit(self._run, published)

    def drain(self, timeout: float) -> bool:
        """Wait until every message so far is delivered or has failed; False where it took long."""
        with self._idle:
            return self._idle.wait_for(lambda: self._under_way == 0, timeout)

    def close(self) -> None:
        with self._idle:
            self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, published: Published) -> None:
        try:
            self._publish(published)
        except Exception:
            if not self._closed:
                _log.exception("a message of %s is lost", published.topic)
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    def _publish(self, published: Published) -> None:
        if published.alarm:
            try:
                self._admits_cloudwatch(published.topic, published.alarm)
            except _Refused as refused:
                self._tell(published, "refused", published.alarm, str(refused))
                return
        self._report_message(published)
        counted = {"NumberOfMessagesPublished": 1}
        for notification in published.notifications:
            for name in self._notify(published, notification):
                counted[name] = counted.get(name, 0) + 1
        region, account, topic = published.topic.split(":")[3:6]
        now = self._clock.now()
        self._aws.client("cloudwatch", account, region).put_metric_data(
            Namespace=_NAMESPACE,
            MetricData=[
                {
                    "MetricName": name,
                    "Dimensions": [{"Name": "TopicName", "Value": topic}],
                    "Timestamp": now,
                    "Value": value,
                    "Unit": "Count",
                }
                for name, value in counted.items()
            ],
        )
        self._counted(account, region, _NAMESPACE)

    def _notify(self, published: Published, notification: Notification) -> list[str]:
        """Deliver to one subscriber, or to its dead-letter queue; the metrics that count it."""
        try:
            self._deliver(published.topic, notification)
        except _Refused as refused:
            self._tell(published, "refused", notification.endpoint, str(refused))
            self._log(published, notification, str(refused))
        else:
            self._tell(published, "delivered", notification.endpoint, "")
            return ["NumberOfNotificationsDelivered"]
        if not notification.redrive:
            self._tell(published, "dropped", notification.endpoint, "it has no RedrivePolicy")
            return ["NumberOfNotificationsFailed"]
        try:
            self._send(published.topic, notification.redrive, notification)
        except _Refused as refused:
            self._tell(published, "dropped", notification.redrive, str(refused))
            redriven = "NumberOfNotificationsFailedToRedriveToDlq"
        else:
            self._tell(published, "dead-lettered", notification.redrive, notification.endpoint)
            redriven = "NumberOfNotificationsRedrivenToDlq"
        return ["NumberOfNotificationsFailed", redriven]

    def _deliver(self, topic: str, notification: Notification) -> None:
        if notification.protocol == "sqs":
            self._send(topic, notification.endpoint, notification)
        elif notification.protocol == "lambda":
            self._call(topic, notification)
        elif notification.protocol in ("http", "https"):
            _post(topic, notification)
        # The others are people: nobody here reads their mail.

    def _log(self, published: Published, notification: Notification, reason: str) -> None:
        """Write down a failure where the topic has a role for it.

        https://docs.aws.amazon.com/sns/latest/dg/topics-attrib.html
        """
        topic = published.topic
        _, partition, _, region, account, name = topic.split(":")
        setting = f"{_LOGGED.get(notification.protocol)}FailureFeedbackRoleArn"
        sns = self._aws.client("sns", account, region)
        try:
            role = sns.get_topic_attributes(TopicArn=topic)["Attributes"].get(setting)
        except ClientError:
            return  # the topic is gone by now
        if not role:
            return
        try:
            group, stream = f"sns/{region}/{account}/{name}/Failure", published.message_id
            place = f"arn:{partition}:logs:{region}:{account}:log-group:{group}"
            self._may_log(role, topic, place, stream)
            entry = {
                "notification": {"messageId": published.message_id, "topicArn": topic},
                "delivery": {
                    "destination": notification.endpoint,
                    "providerResponse": reason,
                    "attempts": 1,
                },
                "status": "FAILURE",
            }
            logs = self._aws.client("logs", account, region)
            for make, named in (
                (logs.create_log_group, {"logGroupName": group}),
                (logs.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
            ):
                with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                    make(**named)
            line = {
                "timestamp": int(self._clock.now().timestamp() * 1000),
                "message": json.dumps(entry),
            }
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[line])
        except _Refused as refused:
            self._tell(published, "not logged", notification.endpoint, str(refused))
        except ClientError as error:
            self._tell(published, "not logged", notification.endpoint, _sentence(error))

    def _may_log(self, role: str, topic: str, group: str, stream: str) -> None:
        iam = self._aws.client("iam", role.split(":")[4], topic.split(":")[3])
        trust = iam.get_role(RoleName=role.rpartition("/")[2])["Role"]["AssumeRolePolicyDocument"]
        _admits(trust, SNS, "sts:AssumeRole", role, self._context(topic))
        for action, resource in (
            ("logs:CreateLogGroup", group),
            ("logs:CreateLogStream", f"{group}:log-stream:{stream}"),
            ("logs:PutLogEvents", f"{group}:log-stream:{stream}"),
        ):
            if not role_allows(self._aws, role, action, resource):
                raise _Refused(f"role {role} may not {action} on {resource}")

    # --- the kinds of subscribers -----------------------------------------------------------------

    def _send(self, topic: str, queue: str, notification: Notification) -> None:
        """https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html"""
        region, account, name = queue.split(":")[3:6]
        sqs = self._aws.client("sqs", account, region)
        context = self._context(topic)
        try:
            url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        except ClientError as error:
            raise _Refused(f"queue {queue}: {_sentence(error)}") from None
        settings = attributes.get("Attributes", {})
        _admits(settings.get("Policy"), SNS, "sqs:SendMessage", queue, context)
        self._key_admits(settings.get("KmsMasterKeyId"), queue, SNS, context)
        given = notification.attributes if notification.raw else {}
        try:
            sqs.send_message(
                QueueUrl=url,
                MessageBody=notification.text,
                MessageAttributes=dict(given),
                **notification.more,
            )
        except (BotoCoreError, ClientError) as error:
            raise _Refused(f"queue {queue}: {_sentence(error)}") from None

    def _call(self, topic: str, notification: Notification) -> None:
        """https://docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html"""
        arn = notification.endpoint
        region, account = arn.split(":")[3:5]
        name, _, qualifier = arn.split(":", 6)[6].partition(":")
        which = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
        functions = self._aws.client("lambda", account, region)
        try:
            functions.get_function_configuration(**which)
            policy = functions.get_policy(**which)["Policy"]
        except ClientError as error:
            raise _Refused(f"function {arn}: {_sentence(error)}") from None
        _admits(policy, SNS, "lambda:InvokeFunction", arn, self._context(topic))
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": notification.subscription,
            "Sns": json.loads(notification.text),
        }
        self._invoke(arn, json.dumps({"Records": [record]}).encode())

    # --- grants -----------------------------------------------------------------------------------

    def _admits_cloudwatch(self, topic: str, alarm: str) -> None:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
        region, account = topic.split(":")[3:5]
        context = {**self._context(alarm), "aws:SourceOwner": alarm.split(":")[4]}
        if alarm.split(":")[3] != region:
            raise _Refused(f"alarm {alarm} is in another Region than topic {topic}")
        try:
            found = self._aws.client("sns", account, region).get_topic_attributes(TopicArn=topic)
        except ClientError as error:
            raise _Refused(f"topic {topic}: {_sentence(error)}") from None
        attributes = found["Attributes"]
        _admits(attributes.get("Policy"), CLOUDWATCH, "sns:Publish", topic, context)
        self._key_admits(attributes.get("KmsMasterKeyId"), topic, CLOUDWATCH, context)

    def _key_admits(self, key: str | None, user: str, who: str, context: Context) -> None:
        if not key:
            return
        try:
            ensure_usable(self._aws, key, user, who, context)
        except KeyRefusedError as refused:
            raise _Refused(refused.reason) from None

    def _context(self, source: str) -> dict[str, str]:
        """The condition keys of a request that a service makes for a topic or an alarm."""
        region, account = source.split(":")[3:5]
        now = self._clock.now()
        return {
            "aws:CurrentTime": now.isoformat(),
            "aws:EpochTime": str(int(now.timestamp())),
            "aws:PrincipalIsAWSService": "true",
            "aws:RequestedRegion": region,
            "aws:SecureTransport": "true",
            "aws:SourceAccount": account,
            "aws:SourceArn": source,
            "aws:ViaAWSService": "false",
        }

    def _report_message(self, published: Published) -> None:
        name = published.topic.rpartition(":")[2]
        first = published.subject or published.text.partition("\n")[0][:100]
        extra = {"subject": published.subject, "text": published.text}
        self._step(published, "published", name, first, extra)

    def _tell(self, published: Published, step: str, what: str, detail: str) -> None:
        topic = published.topic.rpartition(":")[2]
        subscriber = what.rpartition(":")[2] if what.startswith("arn:") else what
        self._step(published, step, f"{topic} -> {subscriber}", detail, {"subscriber": what})

    def _step(
        self, published: Published, step: str, what: str, detail: str, extra: dict[str, Any]
    ) -> None:
        if self._closed:  # of an AWS that is no more
            return
        region, account = published.topic.split(":")[3:5]
        self._report(
            Activity(
                time=self._clock.now(),
                kind="topic",
                account=account,
                region=region,
                step=step,
                event_id=published.message_id,
                what=what,
                detail=detail,
                extra={"topic": published.topic, **extra},
            )
        )


def _admits(policy: Any, who: str, action: str, arn: str, context: Context) -> None:
    asked = {**context, "aws:PrincipalServiceName": who}
    try:
        decision = evaluate(
            policy, principal=Principal.service(who), action=action, resource=arn, context=asked
        )
    except PolicyError as error:
        raise _Refused(f"the policy of {arn} can't be read: {error}") from None
    if not decision.allowed:
        raise _Refused(f"{who} may not {action} on {arn}: {decision.why} its policy")


def _post(topic: str, notification: Notification) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html"""
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-topic-arn": topic,
        "x-amz-sns-subscription-arn": notification.subscription,
    }
    if notification.raw:
        headers["x-amz-sns-rawdelivery"] = "true"
    try:
        request = urllib.request.Request(  # noqa: S310 (http and https alone are subscribed)
            notification.endpoint, data=notification.text.encode(), headers=headers, method="POST"
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_HTTP_SECONDS):
            pass
    except (OSError, ValueError) as error:  # urllib's errors are OSErrors
        raise _Refused(f"{notification.endpoint}: {error}") from None


def _sentence(error: Exception) -> str:
    if isinstance(error, ClientError):
        said = error.response["Error"]
        return f"{said.get('Code')}: {said.get('Message')}"
    return str(error)
