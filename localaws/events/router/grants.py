"""May EventBridge deliver to this target? Read from the policies that AWS reads, through the API.

Lambda, SNS, SQS and log groups admit `events.amazonaws.com` in a policy of their own, an event bus
is reached with the target's role, and a target with a role is reached with that role's rights.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html

Every function raises DeliveryError: NO_PERMISSIONS, NO_RESOURCE, FAILED_TO_ASSUME_ROLE or
INVALID_PARAMETER with a sentence that says what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from localaws.events.router.model import (
    EVENTS,
    SCHEDULER,
    Arn,
    AwsClients,
    DeliveryError,
    ErrorCode,
    Rule,
)
from localaws.iam.policy import (
    Context,
    Decision,
    PolicyError,
    Principal,
    evaluate,
    strongest,
)
from localaws.kms.use import KeyRefusedError, ensure_usable
from localaws.wire.partition import home_region


@dataclass(frozen=True, slots=True)
class Queue:
    url: str
    arn: Arn
    fifo: bool


def source_context(rule: Rule, now: datetime) -> dict[str, str]:
    """The condition keys of a request that EventBridge makes for a rule or schedule."""
    return {
        "aws:SourceArn": rule.source_arn or rule.arn,
        "aws:SourceAccount": rule.account,
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": rule.service,
        **_request_context(rule.region, now),
    }


def _request_context(region: str, now: datetime) -> dict[str, str]:
    return {
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:RequestedRegion": region,
        "aws:CurrentTime": now.isoformat(),
        "aws:EpochTime": str(int(now.timestamp())),
    }


class Grants:
    """The checks, one a kind of target. `role` is the target's RoleArn, if it has one."""

    def __init__(self, aws: AwsClients) -> None:
        self._aws = aws

    # --- Lambda ---------------------------------------------------------------------------------

    def function(self, rule: Rule, arn: Arn, role: str | None, now: datetime) -> None:
        """lambda:InvokeFunction for the rule in the function's resource policy."""
        client = self._aws.client("lambda", arn.account, arn.region)
        # function:NAME or function:NAME:QUALIFIER
        name, _, qualifier = arn.resource.partition(":")[2].partition(":")
        which = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
        _found(f"function {arn} does not exist", client.get_function_configuration, **which)
        try:
            policy = client.get_policy(**which)["Policy"]
        except ClientError as error:
            if not is_missing(error):
                raise
            policy = None
        self._admit(
            policy,
            "lambda:InvokeFunction",
            arn,
            rule,
            role,
            now,
            f"the function's resource policy: add a Lambda permission for {rule.service} with "
            f"source_arn {rule.arn}",
        )

    # --- SQS ------------------------------------------------------------------------------------

    def queue(self, rule: Rule, arn: Arn, role: str | None, now: datetime) -> Queue:
        """sqs:SendMessage in the queue's policy, and the right to use its key."""
        client = self._aws.client("sqs", arn.account, arn.region)
        missing = f"queue {arn} does not exist"
        url = _found(
            missing,
            client.get_queue_url,
            QueueName=arn.resource,
            QueueOwnerAWSAccountId=arn.account,
        )["QueueUrl"]
        attributes = _found(
            missing, client.get_queue_attributes, QueueUrl=url, AttributeNames=["All"]
        ).get("Attributes", {})
        self._admit(
            attributes.get("Policy"),
            "sqs:SendMessage",
            arn,
            rule,
            role,
            now,
            f"the queue's policy: allow {rule.service} with aws:SourceArn {rule.arn}",
        )
        key = attributes.get("KmsMasterKeyId")
        if key:
            if role is not None and rule.service == SCHEDULER:
                self._role_uses_key(rule, role, key, arn, now)
            else:
                self._key(key, arn, now)
        return Queue(url, arn, attributes.get("FifoQueue") == "true")

    # --- SNS ------------------------------------------------------------------------------------

    def topic(self, rule: Rule, arn: Arn, role: str | None, now: datetime) -> None:
        """sns:Publish in the topic's policy, by a statement without conditions."""
        client = self._aws.client("sns", arn.account, arn.region)
        attributes = _found(
            f"topic {arn} does not exist", client.get_topic_attributes, TopicArn=arn.text
        )["Attributes"]
        policy = attributes.get("Policy")
        self._admit(
            policy,
            "sns:Publish",
            arn,
            rule,
            role,
            now,
            f"the topic's policy: allow {rule.service} in a statement without a Condition",
            conditions=False,
        )
        key = attributes.get("KmsMasterKeyId")
        if key:
            if role is not None and rule.service == SCHEDULER:
                self._role_uses_key(rule, role, key, arn, now)
            else:
                self._key(key, arn, now)

    # --- CloudWatch Logs ------------------------------------------------------------------------

    def log_group(self, rule: Rule, arn: Arn, now: datetime) -> str:
        """logs:CreateLogStream and PutLogEvents in the account's resource policies; the name."""
        client = self._aws.client("logs", arn.account, arn.region)
        name = arn.resource.removeprefix("log-group:").removesuffix(":*")
        groups = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        if not any(group["logGroupName"] == name for group in groups):
            raise DeliveryError("NO_RESOURCE", f"log group {name} does not exist")
        documents = [
            policy.get("policyDocument")
            for policy in client.describe_resource_policies().get("resourcePolicies", [])
        ]
        context = source_context(rule, now)
        stream = (
            f"arn:{arn.partition}:logs:{arn.region}:{arn.account}:log-group:{name}:log-stream:x"
        )
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            decision = strongest(
                _read(document, _service(rule), action, stream, context) for document in documents
            )
            if not decision.allowed:
                raise _not_granted(
                    decision,
                    rule.service,
                    action,
                    arn,
                    f"a CloudWatch Logs resource policy of account {arn.account}",
                )
        return name

    # --- what is reached with a role alone ------------------------------------------------------

    def role(
        self,
        rule: Rule,
        arn: Arn,
        role: str | None,
        action: str,
        resource: str,
        now: datetime,
        context: Context | None = None,
    ) -> None:
        """The action for the target's role: on the target, or on what it needs besides.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
        """
        if role is None:
            raise DeliveryError(
                "NO_PERMISSIONS",
                f"target {arn} is reached with a role: give the target a RoleArn that allows "
                f"{action} on {resource}",
            )
        self._role_allows(rule, role, action, Arn.parse(resource), now, context)

    def stream(self, rule: Rule, arn: Arn, role: str | None, now: datetime) -> None:
        """kinesis:PutRecord for the role and, in another account, by the stream's own policy."""
        self.role(rule, arn, role, "kinesis:PutRecord", arn.text, now)
        if role is None or arn.account == Arn.parse(role).account:
            return
        client = self._aws.client("kinesis", arn.account, arn.region)
        policy = client.get_resource_policy(ResourceARN=arn.text).get("Policy")
        self._admit_role(policy, "kinesis:PutRecord", arn, rule, role, now, "the stream's policy")

    # --- event buses ----------------------------------------------------------------------------

    def bus(self, rule: Rule, arn: Arn, role: str | None, now: datetime) -> str:
        """events:PutEvents for the target's role and, in another account, by the bus's policy.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
        """
        if role is None:
            raise DeliveryError(
                "NO_PERMISSIONS",
                "an event bus is reached with a role: give the target a RoleArn that "
                "allows events:PutEvents on it",
            )
        name = arn.resource.removeprefix("event-bus/")
        client = self._aws.client("events", arn.account, arn.region)
        bus = _found(f"event bus {arn} does not exist", client.describe_event_bus, Name=name)
        self._role_allows(rule, role, "events:PutEvents", arn, now)
        caller = _role_principal(role)
        policy = bus.get("Policy")
        context = self._role_context(rule, role, now)
        context |= self._organization("aws:PrincipalOrgID", role, policy)
        decision = _read(policy, caller, "events:PutEvents", arn.text, context)
        if decision.denied or (arn.account != rule.account and not decision.allowed):
            raise _not_granted(
                decision, role, "events:PutEvents", arn, f"the policy of event bus {arn}"
            )
        return name

    # --- shared ---------------------------------------------------------------------------------

    def _admit(
        self,
        policy: str | None,
        action: str,
        arn: Arn,
        rule: Rule,
        role: str | None,
        now: datetime,
        where: str,
        *,
        conditions: bool = True,
    ) -> None:
        """By the resource's policy or, for a target with a role, by that role's."""
        if role is not None:
            self._admit_role(policy, action, arn, rule, role, now, where)
            return
        if arn.account != rule.account:
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
            raise DeliveryError(
                "NO_PERMISSIONS",
                f"target {arn} is in another account: give the target a RoleArn that allows "
                f"{action} on it",
            )
        context = source_context(rule, now)
        context |= self._organization("aws:SourceOrgID", rule.arn, policy)
        decision = _read(policy, _service(rule), action, arn.text, context)
        if decision.allowed and not conditions and _conditional(decision):
            plain = _read(_without_conditions(policy), _service(rule), action, arn.text, context)
            if plain.allowed:
                return
            raise DeliveryError(
                "NO_PERMISSIONS",
                f"{rule.service} may {action} on {arn} only by {decision.sid!r}, which has a "
                "Condition: EventBridge does not support conditions in a topic's policy; remove it "
                "there",
            )
        if not decision.allowed:
            raise _not_granted(decision, rule.service, action, arn, where)

    def _admit_role(
        self,
        policy: str | None,
        action: str,
        arn: Arn,
        rule: Rule,
        role: str,
        now: datetime,
        where: str,
    ) -> None:
        self._role_allows(rule, role, action, arn, now)
        decision = _read(
            policy, _role_principal(role), action, arn.text, self._role_context(rule, role, now)
        )
        if decision.denied or (arn.account != Arn.parse(role).account and not decision.allowed):
            raise _not_granted(decision, role, action, arn, where)

    def _organization(self, key: str, arn: str, policy: str | None) -> dict[str, str]:
        """The key with the organization of the ARN's account, for a policy that speaks of one."""
        if not policy or "orgid" not in policy.lower():
            return {}
        parsed = Arn.parse(arn)
        client = self._aws.client("organizations", parsed.account, home_region(parsed.partition))
        try:
            return {key: client.describe_organization()["Organization"]["Id"]}
        except ClientError as error:
            if error.response["Error"]["Code"] == "AWSOrganizationsNotInUseException":
                return {}
            raise

    def _role_context(self, rule: Rule, role: str, now: datetime) -> dict[str, str]:
        return {
            "aws:PrincipalArn": role,
            "aws:PrincipalAccount": Arn.parse(role).account,
            "aws:PrincipalIsAWSService": "false",
            **_request_context(rule.region, now),
        }

    def _role_allows(
        self,
        rule: Rule,
        role: str,
        action: str,
        arn: Arn,
        now: datetime,
        more: Context | None = None,
    ) -> None:
        """The role trusts EventBridge, and its policies (and boundary) allow the action."""
        parsed = Arn.parse(role)
        client = self._aws.client("iam", parsed.account, rule.region)
        name = parsed.resource.rpartition("/")[2]
        try:
            found = client.get_role(RoleName=name)["Role"]
        except ClientError as error:
            if is_missing(error):
                raise DeliveryError(
                    "FAILED_TO_ASSUME_ROLE", f"role {role} does not exist"
                ) from None
            raise
        trust = _read(
            found.get("AssumeRolePolicyDocument"),
            _service(rule),
            "sts:AssumeRole",
            role,
            source_context(rule, now),
        )
        if not trust.allowed:
            raise DeliveryError(
                "FAILED_TO_ASSUME_ROLE",
                f"role {role} does not let {rule.service} assume it"
                + (f" ({trust.unmet} does not hold)" if trust.unmet else "")
                + ": allow sts:AssumeRole in its trust policy",
            )
        caller = _role_principal(role)
        context: Context = {**self._role_context(rule, role, now), **(more or {})}
        decision = strongest(
            _read(document, caller, action, arn.text, context)
            for document in self._role_policies(client, name)
        )
        if not decision.allowed:
            raise _not_granted(decision, role, action, arn, f"a policy of role {role}")
        boundary = (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        if boundary:
            document = _policy_document(client, boundary)
            limit = _read(document, caller, action, arn.text, context)
            if not limit.allowed:
                raise _not_granted(limit, role, action, arn, f"permissions boundary {boundary}")

    def _role_policies(self, client: Any, name: str) -> Iterator[Any]:
        inline = client.get_paginator("list_role_policies")
        for page in inline.paginate(RoleName=name):
            for policy in page["PolicyNames"]:
                yield client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        attached = client.get_paginator("list_attached_role_policies")
        for page in attached.paginate(RoleName=name):
            for policy in page["AttachedPolicies"]:
                yield _policy_document(client, policy["PolicyArn"])

    def _role_uses_key(self, rule: Rule, role: str, key: str, user: Arn, now: datetime) -> None:
        """A schedule's role may use the key that its queue or topic is encrypted with.

        AWS's own keys admit every principal of their account that uses the service.
        https://docs.aws.amazon.com/scheduler/latest/UserGuide/troubleshooting.html
        """
        if key.removeprefix("alias/").startswith("aws/") or ":alias/aws/" in key:
            return
        arn = Arn.parse(key) if key.startswith("arn:") else user
        client = self._aws.client("kms", arn.account, arn.region)
        metadata = _found(f"key {key} of {user} does not exist", client.describe_key, KeyId=key)
        found = Arn.parse(metadata["KeyMetadata"]["Arn"])
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            self._role_allows(rule, role, action, found, now)

    def _key(self, key: str, user: Arn, now: datetime) -> None:
        """A customer managed key that lets EventBridge decrypt and make data keys.

        AWS does not hand the rule's ARN and account on to KMS here, so that a statement which
        asks for aws:SourceArn or aws:SourceAccount does not grant.
        https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        """
        try:
            ensure_usable(
                self._aws,
                key,
                user.text,
                EVENTS,
                _request_context(user.region, now),
                " without aws:SourceArn or aws:SourceAccount",
            )
        except KeyRefusedError as refused:
            code: ErrorCode = "NO_RESOURCE" if refused.missing else "NO_PERMISSIONS"
            raise DeliveryError(code, refused.reason) from None


def is_missing(error: ClientError) -> bool:
    """Whether the API says that what was asked for is not there."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code in _MISSING or code.endswith(("NotFoundException", "NonExistentQueue"))


_MISSING = {
    "AutomationDefinitionNotFoundException",
    "ClusterNotFoundException",
    "InvalidDocument",
    "NoSuchEntity",
    "NotFound",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
}


def _found(missing: str, call: Any, **parameters: Any) -> Any:
    try:
        return call(**parameters)
    except ClientError as error:
        if is_missing(error):
            raise DeliveryError("NO_RESOURCE", missing) from None
        raise


def _read(
    document: Mapping[str, Any] | str | None,
    principal: Principal,
    action: str,
    resource: str,
    context: Context,
) -> Decision:
    try:
        return evaluate(
            document, principal=principal, action=action, resource=resource, context=context
        )
    except PolicyError as error:
        raise DeliveryError(
            "NO_PERMISSIONS", f"a policy on the way can't be read: {error}"
        ) from None


def _conditional(decision: Decision) -> bool:
    return bool(decision.statement and decision.statement.get("Condition"))


def _without_conditions(policy: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """The policy without the Allow statements that have a Condition; a Deny keeps its own."""
    document = json.loads(policy) if isinstance(policy, str) else dict(policy or {})
    found = document.get("Statement", [])
    statements: Sequence[Mapping[str, Any]] = [found] if isinstance(found, Mapping) else found
    kept = [s for s in statements if s.get("Effect") == "Deny" or not s.get("Condition")]
    return {**document, "Statement": kept}


def _not_granted(decision: Decision, who: str, action: str, arn: Arn, where: str) -> DeliveryError:
    reason = f"{who} may not {action} on {arn}: {decision.why} {where}"
    return DeliveryError("NO_PERMISSIONS", reason)


def _policy_document(client: Any, arn: str) -> Any:
    version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return client.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _service(rule: Rule) -> Principal:
    return Principal.service(rule.service)


def _role_principal(role: str) -> Principal:
    """The session that EventBridge opens with a role, and the role itself."""
    arn = Arn.parse(role)
    name = arn.resource.rpartition("/")[2]
    session = f"arn:{arn.partition}:sts::{arn.account}:assumed-role/{name}/EventBridge"
    return Principal.aws(session, role, account=arn.account)
