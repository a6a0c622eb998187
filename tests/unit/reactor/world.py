"""EventBridge envelopes as CloudTrail sends them, and a moto account to react in."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.loaders import Loader
from botocore.session import Session
from reactor import testing
from reactor.testing import role_session, user

ACCOUNT, REGION = testing.ACCOUNT, testing.REGION
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
IMAGE = "ami-12c6146b"
NOW = datetime.fromisoformat(testing.TIME).replace(tzinfo=None)
RESERVATION = "r-0123456789abcdef0"
_LOADER = Loader()
# The reservations of the instances that moto started.
RESERVATIONS: dict[str, str] = {}

ALICE = user("alice", path="/people/")
ROOT = testing.root()
AUTO_SCALING_AS_ROOT = testing.root(invokedBy="autoscaling.amazonaws.com")
DEPLOYER = role_session("deploy", "ci-42", path="/ci/")
SSO_ROLE = "AWSReservedSSO_PowerUserAccess_0123456789abcdef"
BOB_BY_SSO = role_session(
    SSO_ROLE, "bob@example.com", path="/aws-reserved/sso.amazonaws.com/eu-west-1/"
)
AUTO_SCALING = role_session(
    "AWSServiceRoleForAutoScaling",
    "AutoScaling",
    path="/aws-service-role/autoscaling.amazonaws.com/",
    invokedBy="autoscaling.amazonaws.com",
)
KARPENTER = role_session("karpenter", "1700000000", invokedBy="ec2fleet.amazonaws.com")


def fresh_session() -> Session:
    """A fresh session that does not read the services' models from disk once more."""
    session = Session()
    session.register_component("data_loader", _LOADER)
    return session


def record(**changes: object) -> dict[str, Any]:
    """A record of a call by alice, always with the same ids; changes replace its fields."""
    same = {
        "requestID": "3534d8e6-4a13-4539-a8f4-622ce770b100",
        "eventID": "1a8e25cb-458c-4ec3-89db-50732e95757f",
        "userAgent": "aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0 md/command#ec2.run-instances",
        "requestParameters": {},
    }
    fields: dict[str, Any] = {**same, **changes}
    return testing.record("ec2.amazonaws.com", "RunInstances", actor=copy.deepcopy(ALICE), **fields)


def envelope(detail: dict[str, Any], **changes: object) -> dict[str, Any]:
    """EventBridge's envelope around a record, always with the same id."""
    fields: dict[str, Any] = {"id": "0f1d5b2e-0000-4000-8000-000000000000", **changes}
    return testing.envelope(detail, **fields)


def tag_set(tags: dict[str, str]) -> dict[str, Any]:
    """Tags as EC2's bodies hold them."""
    return {"items": [{"key": key, "value": value} for key, value in tags.items()]}


def launch(
    ids: list[str],
    instance_type: str = "t3.micro",
    identity: dict[str, Any] | None = None,
    *,
    tags: dict[str, str] | None = None,
    volume_tags: dict[str, str] | None = None,
    volumes: dict[str, list[str]] | None = None,
    types: list[str] | None = None,
    **changes: object,
) -> dict[str, Any]:
    """A RunInstances record in CloudTrail's shape."""
    asked = [("instance", tags), ("volume", volume_tags)]
    request = {
        "instancesSet": {"items": [{"imageId": IMAGE, "minCount": len(ids), "maxCount": len(ids)}]},
        "instanceType": instance_type,
        "blockDeviceMapping": {},
        "monitoring": {"enabled": False},
        "tagSpecificationSet": {
            "items": [
                {"resourceType": kind, "tags": tag_set(given)["items"]}
                for kind, given in asked
                if given
            ]
        },
    }
    named = [
        {
            "instanceId": id_,
            "imageId": IMAGE,
            "instanceType": types[index] if types else instance_type,
            "instanceState": {"code": 0, "name": "pending"},
            "launchTime": 1763812805000,
            "blockDeviceMapping": (
                {
                    "items": [
                        {"deviceName": "/dev/xvda", "ebs": {"volumeId": volume}}
                        for volume in (volumes or {}).get(id_, [])
                    ]
                }
                if (volumes or {}).get(id_)
                else {}
            ),
            **({"tagSet": tag_set(tags)} if tags else {}),
        }
        for index, id_ in enumerate(ids)
    ]
    response = {
        "requestId": "3534d8e6-4a13-4539-a8f4-622ce770b100",
        "reservationId": next(
            (RESERVATIONS[id_] for id_ in ids if id_ in RESERVATIONS), RESERVATION
        ),
        "ownerId": ACCOUNT,
        "groupSet": {},
        "instancesSet": {"items": named},
    }
    return record(
        **{
            "userIdentity": copy.deepcopy(identity or ALICE),
            "requestParameters": request,
            "responseElements": response,
            **changes,
        }
    )


@dataclass
class Context:
    """Lambda's context, as far as the handler reads it."""

    aws_request_id: str = "00000000-0000-4000-8000-000000000001"
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:guard"
    left: float = 30.0

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds that Lambda leaves the run."""
        return int(self.left * 1000)


def log_lines(output: str) -> list[dict[str, Any]]:
    """The JSON lines in what a handler printed."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
