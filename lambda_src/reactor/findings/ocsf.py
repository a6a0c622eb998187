"""Findings as OCSF Detection Findings (class 2004), with the profiles cloud and security_control.

https://schema.ocsf.io/1.8.0/classes/detection_finding?profiles=cloud,security_control
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reactor.findings.model import (
    PRODUCT,
    VERSION,
    AlertFinding,
    address,
    clean,
    place_of,
    techniques,
)

SCHEMA = "1.8.0"
DETAIL_TYPE = "OCSF Detection Finding"
_MOST_RESOURCES = 50
_CLASS = 2004
_ACTIVITIES = {1: "Create", 2: "Update"}
_SEVERITIES = {
    "info": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}
# What became of it: disposition and action, by id and caption.
_DISPOSITIONS = {
    "detected": (15, "Detected", 3, "Observed"),
    "corrected": (11, "Corrected", 4, "Modified"),
    "partially_corrected": (12, "Partially Corrected", 4, "Modified"),
    "uncorrected": (13, "Uncorrected", 3, "Observed"),
    "tagged": (18, "Tagged", 4, "Modified"),
    "taken_back": (13, "Uncorrected", 1, "Allowed"),
}
_USERS = {"iam_user": (1, "User"), "root": (2, "Admin"), "service": (4, "Service")}
_TACTICS = {
    "Reconnaissance": "TA0043",
    "Resource Development": "TA0042",
    "Initial Access": "TA0001",
    "Execution": "TA0002",
    "Persistence": "TA0003",
    "Privilege Escalation": "TA0004",
    "Defense Evasion": "TA0005",
    "Credential Access": "TA0006",
    "Discovery": "TA0007",
    "Lateral Movement": "TA0008",
    "Collection": "TA0009",
    "Command and Control": "TA0011",
    "Exfiltration": "TA0010",
    "Impact": "TA0040",
}


def detection_finding(finding: AlertFinding) -> dict[str, Any]:
    """The finding as JSON holds it; its texts are bounded, so that it stays below 200 KB."""
    alert, event = finding.alert, finding.event
    of_whom = event.account or finding.here.account
    info: dict[str, Any] = {
        "first_seen_time": _milliseconds(finding.first),
        "last_seen_time": _milliseconds(finding.last),
        "desc": clean(alert.why or alert.headline, 4096),
        "analytic": {
            "uid": clean(alert.detection or finding.reaction, 256),
            "type_id": 1,
            "type": "Rule",
        },
    }
    attacks = [attack for id_ in finding.techniques for attack in _attacks(id_)]
    if attacks:
        info["attacks"] = attacks
    resources = [_resource(id_, finding) for id_ in finding.resources[:_MOST_RESOURCES]]
    remediation = clean(alert.runbook, 4096)
    unmapped = {
        "mode": finding.mode,
        "reaction": finding.reaction,
        "undo": clean(finding.undo),
        "user_agent": clean(event.user_agent),
        **{f"detail.{clean(label, 60)}": clean(value, 4096) for label, value in alert.details[:20]},
    }
    return {
        **_base(
            finding.uid,
            clean(alert.subject, 256),
            alert.severity,
            activity=2 if finding.updates else 1,
            created=finding.created,
            now=finding.now,
            account=of_whom,
            region=event.region or finding.here.region,
            disposition=finding.disposition,
            info=info,
        ),
        "status_id": 1,
        "status": "New",
        "status_detail": clean(finding.told, 4096),
        "message": clean(finding.told, 4096),
        "start_time": _milliseconds(finding.first),
        "end_time": _milliseconds(finding.last),
        "count": finding.count,
        "is_alert": True,
        "evidences": [_evidence(finding)],
        **({"resources": resources} if resources else {}),
        **({"remediation": {"desc": remediation}} if remediation else {}),
        "unmapped": {key: value for key, value in unmapped.items() if value},
    }


def taken_back(
    uid: str,
    title: str,
    severity: str,
    told: str,
    account: str,
    region: str,
    created: datetime,
    now: datetime,
) -> dict[str, Any]:
    """The update of a finding whose actions a person took back, as JSON holds it."""
    base = _base(
        uid,
        clean(title, 256),
        severity,
        activity=2,
        created=created,
        now=now,
        account=account,
        region=region,
        disposition="taken_back",
        info={},
    )
    # A person is at it.
    status = {"status_id": 2, "status": "In Progress", "status_detail": clean(told, 4096)}
    return {**base, **status, "message": clean(told, 4096)}


def _base(
    uid: str,
    title: str,
    severity: str,
    *,
    activity: int,
    created: datetime,
    now: datetime,
    account: str,
    region: str,
    disposition: str,
    info: Mapping[str, Any],
) -> dict[str, Any]:
    severity_id, severity_caption = _SEVERITIES.get(severity, (0, "Unknown"))
    disposition_id, disposition_caption, action_id, action = _DISPOSITIONS[disposition]
    return {
        "activity_id": activity,
        "activity_name": _ACTIVITIES[activity],
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Detection Finding",
        "type_uid": _CLASS * 100 + activity,
        "type_name": f"Detection Finding: {_ACTIVITIES[activity]}",
        "severity_id": severity_id,
        "severity": severity_caption,
        "time": _milliseconds(now),
        "action_id": action_id,
        "action": action,
        "disposition_id": disposition_id,
        "disposition": disposition_caption,
        "metadata": {
            "version": SCHEMA,
            "profiles": ["cloud", "security_control"],
            "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": VERSION},
            "log_provider": "AWS CloudTrail",
        },
        "cloud": {
            "provider": "AWS",
            **({"region": clean(region, 64)} if region else {}),
            **_account(account),
        },
        "finding_info": {
            "uid": uid,
            "title": title,
            "created_time": _milliseconds(created),
            "modified_time": _milliseconds(now),
            **info,
        },
    }


def _evidence(finding: AlertFinding) -> dict[str, Any]:
    event, who = finding.event, finding.event.actor
    api: dict[str, Any] = {"operation": clean(event.name or event.kind, 256)}
    if event.source:
        api["service"] = {"name": clean(event.source, 256)}
    if event.request_id:
        api["request"] = {"uid": clean(event.request_id, 256)}
    if event.error:
        error = {"error": event.error, "error_message": event.error_message}
        api["response"] = {key: clean(value) for key, value in error.items() if value.strip()}
    type_id, type_ = _USERS.get(who.kind, (0, "Unknown"))
    user = {
        "uid": clean(who.arn or who.principal_arn or who.principal_id),
        "name": clean(who.name, 256),
        "credential_uid": clean(who.access_key, 256),
    }
    actor: dict[str, Any] = {
        "user": {
            **{key: value for key, value in user.items() if value},
            **_account(who.account),
            "type_id": type_id,
            "type": type_,
        }
    }
    session = {"uid": clean(who.session, 256), "issuer": clean(who.issuer)}
    if who.session:
        actor["session"] = {key: value for key, value in session.items() if value}
    if who.via:
        actor["invoked_by"] = clean(who.via, 256)
    if not (user["uid"] or user["name"] or who.account):
        actor["user"]["uid"] = "unknown"
    found = {"uid": clean(event.id, 256), "api": api, "actor": actor}
    ip = address(event.source_ip)
    if ip:
        found["src_endpoint"] = {"ip": ip}
    elif event.source_ip.strip():
        found["src_endpoint"] = {"domain": clean(event.source_ip, 256)}
    return {key: value for key, value in found.items() if value}


def _attacks(id_: str) -> list[dict[str, Any]]:
    """ATT&CK's technique, once for each of its tactics."""
    known = techniques().get(id_, {})
    named = {"uid": id_, **({"name": known["name"]} if known else {})}
    technique = {"technique": {"uid": id_.partition(".")[0]}, "sub_technique": named}
    if "." not in id_:
        technique = {"technique": named}
    found = [
        {**technique, "tactic": {"name": tactic, "uid": _TACTICS[tactic]}, "version": "18"}
        for tactic in known.get("tactics", ())
    ]
    return found or [{**technique, "version": "18"}]


def _resource(id_: str, finding: AlertFinding) -> dict[str, Any]:
    account, region = place_of(id_, finding.event)
    types = {clean(resource.id): resource.type for resource in finding.event.resources}
    found = {"uid": id_, "type": clean(types.get(id_, ""), 128), "region": region}
    return {
        **{key: value for key, value in found.items() if value},
        "cloud_partition": finding.here.partition,
        "role_id": 1,
        "role": "Target",
        **({"owner": {"uid": account, **_account(account)}} if account else {}),
    }


def _account(account: str) -> dict[str, Any]:
    if not account:
        return {}
    return {"account": {"uid": clean(account, 64), "type_id": 10, "type": "AWS Account"}}


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
