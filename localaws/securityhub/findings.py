"""Security Hub, as far as findings of an account's own integration are concerned.

The emulator has no Security Hub. Of GetFindings the filters are those of top-level texts.
https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need
from localaws.wire.gap import Need
from localaws.wire.parts import Json

_LARGEST = 240 * 1024
_MOST = 100
# What customers say of a finding: an import changes none of it once the finding is there.
_CUSTOMERS = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
_OF_PROVIDERS = ("Confidence", "Criticality", "RelatedFindings", "Severity", "Types")
_UPDATED = (*_CUSTOMERS, *_OF_PROVIDERS)


@dataclass
class Hub:
    """An account's Security Hub in a Region, with its findings by product and id."""

    since: str
    settings: Json = field(
        default_factory=lambda: {
            "AutoEnableControls": True,
            "ControlFindingGenerator": "SECURITY_CONTROL",
        }
    )
    findings: dict[tuple[str, str], Json] = field(default_factory=dict)


class Hubs(dict[tuple[str, str], Hub]):
    """The hubs that are enabled, by account and Region."""


def _arn(call: Call) -> str:
    return f"arn:{call.partition}:securityhub:{call.region}:{call.account}:hub/default"


def _product(call: Call) -> str:
    own = f"{call.account}:product/{call.account}/default"
    return f"arn:{call.partition}:securityhub:{call.region}:{own}"


def _hub(call: Call) -> Hub:
    found = call.kept(Hubs).get((call.account, call.region))
    if found is None:
        raise RefusalError(
            "InvalidAccessException",
            f"Account {call.account} is not subscribed to AWS Security Hub",
            401,
        )
    return found


@gap.needs("securityhub", "EnableSecurityHub", "DisableSecurityHub", "DescribeHub")
@gap.needs("securityhub", "GetFindings", "UpdateSecurityHubConfiguration")
def _on_hub(call: Call) -> Iterable[Need]:
    yield Need(f"securityhub:{call.operation}", _arn(call))


@gap.needs("securityhub", "BatchImportFindings")
def _on_products(call: Call) -> Iterable[Need]:
    given = call.parameters.get("Findings") or ()
    for product in {str(each.get("ProductArn")) for each in given}:
        context = {"securityhub:TargetAccount": call.account}
        yield Need("securityhub:BatchImportFindings", product, context)


@gap.needs("securityhub", "BatchUpdateFindings")
def _on_identified(call: Call) -> Iterable[Need]:
    given = call.parameters.get("FindingIdentifiers") or ()
    for product in {str(each.get("ProductArn")) for each in given}:
        yield Need("securityhub:BatchUpdateFindings", product)


@gap.answers("securityhub", "EnableSecurityHub", alone=True)
def _enable(call: Call) -> Json:
    hubs = call.kept(Hubs)
    need(
        (call.account, call.region) not in hubs,
        "ResourceConflictException",
        "Account is already subscribed to Security Hub",
        409,
    )
    hubs[call.account, call.region] = Hub(_stamp())
    return {}


@gap.answers("securityhub", "DisableSecurityHub", alone=True)
def _disable(call: Call) -> Json:
    _hub(call)
    del call.kept(Hubs)[call.account, call.region]
    return {}


@gap.answers("securityhub", "DescribeHub", alone=True)
def _describe(call: Call) -> Json:
    hub = _hub(call)
    return {"HubArn": _arn(call), "SubscribedAt": hub.since, **hub.settings}


@gap.answers("securityhub", "UpdateSecurityHubConfiguration", alone=True)
def _configure(call: Call) -> Json:
    _hub(call).settings.update(call.parameters)
    return {}


@gap.answers("securityhub", "BatchImportFindings", alone=True)
def _import(call: Call) -> Json:
    given = call.parameters.get("Findings") or []
    hub = _hub(call)
    need(0 < len(given) <= _MOST, "InvalidInputException", "1 to 100 findings are taken", 400)
    failed = []
    for each in given:
        fault = _fault(call, each)
        if fault:
            told = {"ErrorCode": "InvalidInput", "ErrorMessage": fault}
            failed.append({"Id": str(each.get("Id", "")), **told})
            continue
        key = (each["ProductArn"], each["Id"])
        hub.findings[key] = _imported(each, hub.findings.get(key), call.region)
    return {
        "FailedCount": len(failed),
        "SuccessCount": len(given) - len(failed),
        "FailedFindings": failed,
    }


def _fault(call: Call, finding: Mapping[str, Any]) -> str:
    if finding.get("AwsAccountId") != call.account:
        return f"AwsAccountId must be the caller's account {call.account}"
    if finding.get("ProductArn") != _product(call):
        return f"ProductArn must be {_product(call)}"
    if len(json.dumps(finding, default=str)) > _LARGEST:
        return "Finding is larger than 240 KB"
    provided = finding.get("FindingProviderFields") or {}
    if not (finding.get("Severity") or provided.get("Severity")):
        return "Severity is missing"
    return "" if finding.get("Resources") else "Resources is missing"


def _imported(finding: Json, before: Json | None, region: str) -> Json:
    made = {**copy.deepcopy(finding), "Region": region}
    provided = made.setdefault("FindingProviderFields", {})
    for name in _OF_PROVIDERS:
        if name in made:
            provided.setdefault(name, made[name])
        if name in provided:
            made[name] = provided[name]
    if before is None:
        made.setdefault("Workflow", {"Status": "NEW"})
        made.setdefault("RecordState", "ACTIVE")
        return made
    for name in _CUSTOMERS:
        made.pop(name, None)
        if name in before:
            made[name] = before[name]
    return made


@gap.answers("securityhub", "BatchUpdateFindings", alone=True)
def _update(call: Call) -> Json:
    hub, given = _hub(call), call.parameters
    done, failed = [], []
    for each in given.get("FindingIdentifiers") or ():
        found = hub.findings.get((each["ProductArn"], each["Id"]))
        if found is None:
            told = {"ErrorCode": "FindingNotFound", "ErrorMessage": "Finding Not Found"}
            failed.append({"FindingIdentifier": each, **told})
            continue
        for name in _UPDATED:
            if name in given:
                found[name] = given[name]
        if "Note" in given:
            found["Note"] = {**given["Note"], "UpdatedAt": _stamp()}
        done.append(each)
    return {"ProcessedFindings": done, "UnprocessedFindings": failed}


@gap.answers("securityhub", "GetFindings", alone=True)
def _get(call: Call) -> Json:
    found = list(_hub(call).findings.values())
    for name, filters in (call.parameters.get("Filters") or {}).items():
        for each in filters:
            need(
                each.get("Comparison") in ("EQUALS", "PREFIX"),
                "InvalidInputException",
                f"the local AWS does not filter findings by {each.get('Comparison')}",
            )
        found = [one for one in found if any(_passes(one.get(name), each) for each in filters)]
    most = int(call.parameters.get("MaxResults") or _MOST)
    start = int(call.parameters.get("NextToken") or 0)
    more = {"NextToken": str(start + most)} if len(found) > start + most else {}
    return {"Findings": found[start : start + most], **more}


def _passes(value: object, wanted: Mapping[str, Any]) -> bool:
    if wanted["Comparison"] == "EQUALS":
        return bool(value == wanted["Value"])
    return isinstance(value, str) and value.startswith(wanted["Value"])


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
