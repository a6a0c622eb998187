"""CloudTrail's own API: trails, selectors, logging state, tags, and the event history.

The layer keeps trails itself, because what a trail is decides what reaches the bus. Each operation
is a method of the API's name that takes the caller's account, the Region and the decoded request,
and returns the members of the answer or raises `RefusalError`.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from localaws.cloudtrail.history import History
from localaws.cloudtrail.selectors import DEFAULT_SELECTORS, selected
from localaws.cloudtrail.trailwriter.signing import SigningKeys
from localaws.wire.errors import RefusalError
from localaws.wire.parts import Json

_NAME = re.compile(r"(?=.{3,128}$)[A-Za-z0-9](?:[A-Za-z0-9]|[._-](?![._-]))*[A-Za-z0-9]")
_HISTORY_DAYS = 90
_GLOBAL_SOURCES = frozenset({"iam.amazonaws.com", "sts.amazonaws.com"})
_TRAIL_MEMBERS = (
    "Name",
    "S3BucketName",
    "S3KeyPrefix",
    "SnsTopicName",
    "SnsTopicARN",
    "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail",
    "TrailARN",
    "LogFileValidationEnabled",
    "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn",
    "KmsKeyId",
    "IsOrganizationTrail",
)


@dataclass
class Trail:
    """A trail and its state."""

    name: str
    account: str
    home_region: str
    arn: str
    settings: Json
    tags: dict[str, str] = field(default_factory=dict)
    selectors: list[Json] = field(default_factory=lambda: [dict(s) for s in DEFAULT_SELECTORS])
    insights: list[Json] = field(default_factory=list)
    logging: bool = False
    started: datetime | None = None
    stopped: datetime | None = None

    def covers(self, account: str, region: str) -> bool:
        """Whether calls in that account and Region are this trail's business."""
        if self.account != account:
            return False
        return bool(self.settings["IsMultiRegionTrail"]) or self.home_region == region

    @property
    def records_data(self) -> bool:
        """Whether any selector asks for more than management events."""
        return any(s.get("DataResources") or "FieldSelectors" in s for s in self.selectors)

    def admits(self, record: Mapping[str, Any]) -> bool:
        """Whether its selectors, and its word on global services, take the record in."""
        if (
            record.get("eventSource") in _GLOBAL_SOURCES
            and not (self.settings["IncludeGlobalServiceEvents"])
        ):
            return False
        return selected(record, self.selectors)

    def describe(self) -> Json:
        """The members of API_Trail."""
        description = {k: v for k in _TRAIL_MEMBERS if (v := self.settings.get(k)) is not None}
        return description | {
            "Name": self.name,
            "TrailARN": self.arn,
            "HomeRegion": self.home_region,
            "HasCustomEventSelectors": self.selectors != [dict(s) for s in DEFAULT_SELECTORS],
            "HasInsightSelectors": bool(self.insights),
        }

    def answer(self) -> Json:
        """The members that CreateTrail and UpdateTrail answer with."""
        members = self.describe()
        for name in ("HomeRegion", "HasCustomEventSelectors", "HasInsightSelectors"):
            del members[name]
        return members


class CloudTrail:
    """Trails of every account and Region, and what was called there."""

    def __init__(self, now: Callable[[], datetime], partition: str = "aws") -> None:
        self._now = now
        self._partition = partition
        self.keys = SigningKeys()
        self._trails: dict[str, Trail] = {}
        self._history = History()
        self._lock = threading.RLock()

    def reset(self) -> None:
        with self._lock:
            self._trails.clear()
            self._history.clear()

    # What the recorder asks

    def logging_trails(self, account: str) -> tuple[Trail, ...]:
        """The account's trails that log at this moment."""
        with self._lock:
            return tuple(t for t in self._trails.values() if t.logging and t.account == account)

    def remember(self, account: str, record: Json, when: datetime) -> None:
        """Keep a management event for LookupEvents, whether a trail logs or not."""
        self._history.add(account, record["awsRegion"], when, record)

    def trails(self) -> tuple[Trail, ...]:
        with self._lock:
            return tuple(self._trails.values())

    # The API

    def handle(self, operation: str, account: str, region: str, parameters: Json) -> Json:
        """Answer one API call; raises RefusalError with AWS's code and sentence."""
        method = getattr(self, f"_{_snake(operation)}", None)
        if method is None:
            raise RefusalError(
                "UnsupportedOperationException",
                f"The local AWS does not emulate cloudtrail:{operation}.",
            )
        with self._lock:
            answer: Json = method(account, region, parameters)
        return answer

    def proposed(self, operation: str, account: str, region: str, parameters: Json) -> Trail:
        """The trail as CreateTrail or UpdateTrail would leave it; nothing is changed yet."""
        with self._lock:
            if operation == "CreateTrail":
                return self._new(account, region, parameters)
            trail = self._mutable(account, region, parameters.get("Name"))
            settings = _settings(trail.settings, parameters, region, account, self._partition)
            return replace(trail, settings=settings)

    def _create_trail(self, account: str, region: str, p: Json) -> Json:
        trail = self._new(account, region, p)
        self._trails[trail.arn] = trail
        return trail.answer()

    def _new(self, account: str, region: str, p: Json) -> Trail:
        name = _checked_name(p.get("Name"))
        if self._in_home(account, region, name) or self._visible_name(account, region, name):
            raise RefusalError(
                "TrailAlreadyExistsException",
                f"Trail {name} already exists for customer: {account}",
            )
        homed = [
            t for t in self._trails.values() if (t.account, t.home_region) == (account, region)
        ]
        if len(homed) >= 5:
            raise RefusalError(
                "MaximumNumberOfTrailsExceededException",
                f"User: {account} already has 5 trails in {region}.",
            )
        arn = f"arn:{self._partition}:cloudtrail:{region}:{account}:trail/{name}"
        settings = _settings({}, p, region, account, self._partition)
        tags = {t["Key"]: t.get("Value", "") for t in p.get("TagsList") or ()}
        return Trail(name, account, region, arn, settings, tags)

    def _update_trail(self, account: str, region: str, p: Json) -> Json:
        trail = self._mutable(account, region, p.get("Name"))
        trail.settings = _settings(trail.settings, p, region, account, self._partition)
        return trail.answer()

    def _delete_trail(self, account: str, region: str, p: Json) -> Json:
        trail = self._mutable(account, region, p.get("Name"))
        del self._trails[trail.arn]
        return {}

    def _get_trail(self, account: str, region: str, p: Json) -> Json:
        return {"Trail": self._found(account, region, p.get("Name")).describe()}

    def _describe_trails(self, account: str, region: str, p: Json) -> Json:
        shadows = p.get("includeShadowTrails", True)
        names = p.get("trailNameList") or []
        found = [
            t
            for t in self._trails.values()
            if t.covers(account, region) and (shadows or t.home_region == region)
        ]
        if names:
            found = [t for t in found if t.name in names or t.arn in names]
        return {"trailList": [t.describe() for t in found]}

    def _list_trails(self, account: str, region: str, p: Json) -> Json:
        del region, p
        return {
            "Trails": [
                {"TrailARN": t.arn, "Name": t.name, "HomeRegion": t.home_region}
                for t in self._trails.values()
                if t.account == account
            ]
        }

    def _start_logging(self, account: str, region: str, p: Json) -> Json:
        trail = self._mutable(account, region, p.get("Name"))
        if not trail.logging:
            trail.logging, trail.started = True, self._now()
        return {}

    def _stop_logging(self, account: str, region: str, p: Json) -> Json:
        trail = self._mutable(account, region, p.get("Name"))
        if trail.logging:
            trail.logging, trail.stopped = False, self._now()
        return {}

    def _get_trail_status(self, account: str, region: str, p: Json) -> Json:
        trail = self._found(account, region, p.get("Name"))
        status: Json = {"IsLogging": trail.logging}
        if trail.started:
            status["StartLoggingTime"] = trail.started
            status["TimeLoggingStarted"] = _iso(trail.started)
        if trail.stopped:
            status["StopLoggingTime"] = trail.stopped
        status["TimeLoggingStopped"] = _iso(trail.stopped) if trail.stopped else ""
        return status

    def _put_event_selectors(self, account: str, region: str, p: Json) -> Json:
        trail = self._mutable(account, region, p.get("TrailName"))
        basic, advanced = p.get("EventSelectors"), p.get("AdvancedEventSelectors")
        if (basic is None) == (advanced is None):
            raise RefusalError(
                "InvalidEventSelectorsException",
                "Specify either EventSelectors or AdvancedEventSelectors, one of the two.",
            )
        if basic is not None and not 1 <= len(basic) <= 5:
            raise RefusalError(
                "InvalidEventSelectorsException",
                "Specify a valid number of selectors (1 to 5) for your trail.",
            )
        if advanced is not None and not 1 <= len(advanced) <= 500:
            raise RefusalError(
                "InvalidEventSelectorsException",
                "Specify between 1 and 500 advanced event selectors for your trail.",
            )
        if basic is not None:
            trail.selectors = [dict(DEFAULT_SELECTORS[0]) | s for s in basic]
        else:
            trail.selectors = list(advanced or ())
        return self._get_event_selectors(account, region, p)

    def _get_event_selectors(self, account: str, region: str, p: Json) -> Json:
        trail = self._found(account, region, p.get("TrailName"))
        is_advanced = bool(trail.selectors) and "FieldSelectors" in trail.selectors[0]
        kind = "AdvancedEventSelectors" if is_advanced else "EventSelectors"
        return {"TrailARN": trail.arn, kind: trail.selectors}

    def _put_insight_selectors(self, account: str, region: str, p: Json) -> Json:
        trail = self._mutable(account, region, p.get("TrailName"))
        wanted = list(p.get("InsightSelectors") or ())
        known = ("ApiCallRateInsight", "ApiErrorRateInsight")
        for selector in wanted:
            if selector.get("InsightType") not in known:
                raise RefusalError(
                    "InvalidInsightSelectorsException",
                    f"The insight type must be one of {', '.join(known)}.",
                )
        _insights_have_events(wanted, trail.selectors)
        trail.insights = wanted
        return {"TrailARN": trail.arn, "InsightSelectors": trail.insights}

    def _get_insight_selectors(self, account: str, region: str, p: Json) -> Json:
        trail = self._found(account, region, p.get("TrailName"))
        if not trail.insights:
            raise RefusalError(
                "InsightNotEnabledException",
                f"Insights is not enabled on trail {trail.arn}.",
            )
        return {"TrailARN": trail.arn, "InsightSelectors": trail.insights}

    def _add_tags(self, account: str, region: str, p: Json) -> Json:
        trail = self._tagged(account, p.get("ResourceId"))
        del region
        trail.tags |= {t["Key"]: t.get("Value", "") for t in p.get("TagsList") or ()}
        return {}

    def _remove_tags(self, account: str, region: str, p: Json) -> Json:
        trail = self._tagged(account, p.get("ResourceId"))
        del region
        for tag in p.get("TagsList") or ():
            trail.tags.pop(tag["Key"], None)
        return {}

    def _list_tags(self, account: str, region: str, p: Json) -> Json:
        del region
        trails = [self._tagged(account, arn) for arn in p.get("ResourceIdList") or ()]
        return {
            "ResourceTagList": [
                {
                    "ResourceId": t.arn,
                    "TagsList": [{"Key": k, "Value": v} for k, v in sorted(t.tags.items())],
                }
                for t in trails
            ]
        }

    def _lookup_events(self, account: str, region: str, p: Json) -> Json:
        start = p.get("StartTime") or self._now() - timedelta(days=_HISTORY_DAYS)
        end = p.get("EndTime") or self._now() + timedelta(seconds=1)
        attributes = p.get("LookupAttributes") or []
        if len(attributes) > 1:
            raise RefusalError(
                "InvalidLookupAttributesException",
                "Only one lookup attribute can be given: name one of them.",
            )
        wanted = {a["AttributeKey"]: a["AttributeValue"] for a in attributes}
        size = int(p.get("MaxResults") or 50)
        if not 1 <= size <= 50:
            raise RefusalError("InvalidMaxResultsException", "MaxResults must be from 1 to 50.")
        try:
            first = int(p.get("NextToken") or 0)
        except ValueError:
            raise RefusalError(
                "InvalidNextTokenException", "The next token is not valid."
            ) from None
        matching = (
            (when, record)
            for when, record in self._history.newest(account, region, _aware(start), _aware(end))
            if all(value in _lookup_values(record, key) for key, value in wanted.items())
        )
        found = list(itertools.islice(matching, first + size + 1))
        answer: Json = {"Events": [_event(w, r) for w, r in found[first : first + size]]}
        if first + size < len(found):
            answer["NextToken"] = str(first + size)
        return answer

    def _list_public_keys(self, account: str, region: str, p: Json) -> Json:
        del account
        end = _aware(p.get("EndTime") or self._now())
        start = _aware(p.get("StartTime") or end)
        if start > end:
            raise RefusalError(
                "InvalidTimeRangeException", "The start time must not be after the end time."
            )
        return {"PublicKeyList": [key.describe() for key in self.keys.valid(region, start, end)]}

    # Finding trails

    def _in_home(self, account: str, region: str, name: str) -> Trail | None:
        return self._trails.get(f"arn:{self._partition}:cloudtrail:{region}:{account}:trail/{name}")

    def _visible_name(self, account: str, region: str, name: str) -> Trail | None:
        return next(
            (t for t in self._trails.values() if t.name == name and t.covers(account, region)), None
        )

    def _found(self, account: str, region: str, name: str | None) -> Trail:
        trail = self._find(account, region, name)
        if trail is None:
            raise RefusalError(
                "TrailNotFoundException", f"Unknown trail: {name} for the user: {account}"
            )
        return trail

    def _find(self, account: str, region: str, name: str | None) -> Trail | None:
        if not name:
            raise RefusalError("InvalidTrailNameException", "Trail name cannot be blank!")
        if name.startswith("arn:"):
            trail = self._trails.get(name)
            return trail if trail and trail.account == account else None
        return self._in_home(account, region, name) or self._visible_name(account, region, name)

    def _mutable(self, account: str, region: str, name: str | None) -> Trail:
        trail = self._found(account, region, name)
        if trail.home_region != region:
            raise RefusalError(
                "InvalidHomeRegionException",
                f"Trail {trail.arn} can only be changed from its home Region, {trail.home_region}.",
            )
        return trail

    def _tagged(self, account: str, arn: str | None) -> Trail:
        trail = self._trails.get(arn or "")
        if trail is None or trail.account != account:
            raise RefusalError("ResourceNotFoundException", f"Unknown trail: {arn}")
        return trail


def _insights_have_events(insights: list[Json], selectors: list[Json]) -> None:
    """Call rates are counted from write management events, error rates from any.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutInsightSelectors.html
    """
    logged = {
        read_only
        for read_only in (True, False)
        if selected(
            {
                "eventCategory": "Management",
                "eventSource": "ec2.amazonaws.com",
                "eventType": "AwsApiCall",
                "readOnly": read_only,
            },
            selectors,
        )
    }
    kinds = {selector.get("InsightType") for selector in insights}
    if "ApiCallRateInsight" in kinds and False not in logged:
        raise RefusalError(
            "InvalidInsightSelectorsException",
            "The trail must log write management events to log Insights events on API call rate.",
        )
    if "ApiErrorRateInsight" in kinds and not logged:
        raise RefusalError(
            "InvalidInsightSelectorsException",
            "The trail must log management events to log Insights events on API error rate.",
        )


def _settings(old: Json, p: Json, region: str, account: str, partition: str) -> Json:
    defaults: Json = {
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": False,
        "IsOrganizationTrail": False,
        "LogFileValidationEnabled": False,
    }
    new = defaults | old
    for name in ("S3BucketName", "IncludeGlobalServiceEvents", "IsMultiRegionTrail",
                 "IsOrganizationTrail"):  # fmt: skip
        if p.get(name) is not None:
            new[name] = p[name]
    if p.get("EnableLogFileValidation") is not None:
        new["LogFileValidationEnabled"] = p["EnableLogFileValidation"]
    # An empty string takes these away again.
    for name in ("S3KeyPrefix", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn", "KmsKeyId"):
        if name in p:
            new[name] = p[name] or None
    if new.get("KmsKeyId"):
        new["KmsKeyId"] = _key_arn(new["KmsKeyId"], region, account, partition)
    if "SnsTopicName" in p:
        topic = p["SnsTopicName"] or None
        is_arn = bool(topic) and str(topic).startswith("arn:")
        arn = topic if is_arn else f"arn:{partition}:sns:{region}:{account}:{topic}"
        new["SnsTopicName"], new["SnsTopicARN"] = topic, arn if topic else None
    if new["IsMultiRegionTrail"] and not new["IncludeGlobalServiceEvents"]:
        raise RefusalError(
            "InvalidParameterCombinationException",
            "Multi-Region trail must include global service events.",
        )
    prefix = new.get("S3KeyPrefix")
    if prefix and len(prefix) > 200:
        raise RefusalError(
            "InvalidS3PrefixException", "The S3 prefix is longer than 200 characters."
        )
    return new


def _key_arn(key: str, region: str, account: str, partition: str) -> str:
    if key.startswith("arn:"):
        return key
    name = key if key.startswith("alias/") else f"key/{key}"
    return f"arn:{partition}:kms:{region}:{account}:{name}"


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or re.fullmatch(r"[\d.]+", name):
        raise RefusalError(
            "InvalidTrailNameException",
            "Trail name must be 3 to 128 letters, numbers, periods, underscores or dashes, start "
            "with a letter or number, end with one, and have no two separators in a row.",
        )
    return name


def _snake(operation: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()


def _iso(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _user_name(record: Mapping[str, Any]) -> str | None:
    identity = record.get("userIdentity") or {}
    if identity.get("type") == "Root":
        return "root"
    if identity.get("userName"):
        return str(identity["userName"])
    arn = identity.get("arn")
    return str(arn).rpartition("/")[2] if arn else None


def _names(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for resource in record.get("resources") or ():
        yield str(resource.get("type") or ""), str(resource.get("ARN") or "")
    parameters = record.get("requestParameters") or {}
    kinds = {
        "bucketName": "AWS::S3::Bucket",
        "functionName": "AWS::Lambda::Function",
        "roleName": "AWS::IAM::Role",
        "userName": "AWS::IAM::User",
        "instanceId": "AWS::EC2::Instance",
        "policyArn": "AWS::IAM::Policy",
    }
    for name, kind in kinds.items():
        if isinstance(parameters.get(name), str):
            yield kind, parameters[name]
    for body in (parameters, record.get("responseElements") or {}):
        items = (body.get("instancesSet") or {}).get("items") if isinstance(body, dict) else None
        for item in items or ():
            if item.get("instanceId"):
                yield "AWS::EC2::Instance", str(item["instanceId"])


def _lookup_values(record: Mapping[str, Any], key: str) -> list[str]:
    simple = {
        "EventId": "eventID",
        "EventName": "eventName",
        "EventSource": "eventSource",
    }
    if key in simple:
        return [str(record.get(simple[key]))]
    if key == "ReadOnly":
        return [str(bool(record.get("readOnly"))).lower()]
    if key == "AccessKeyId":
        return [str((record.get("userIdentity") or {}).get("accessKeyId"))]
    if key == "Username":
        return [str(_user_name(record))]
    if key in ("ResourceName", "ResourceType"):
        return [name if key == "ResourceName" else kind for kind, name in _names(record)]
    raise RefusalError("InvalidLookupAttributesException", f"{key} is not a lookup attribute.")


def _event(when: datetime, record: Mapping[str, Any]) -> Json:
    event: Json = {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": str(bool(record.get("readOnly"))).lower(),
        "EventTime": when,
        "EventSource": record["eventSource"],
        "Resources": [
            {"ResourceType": kind, "ResourceName": name} for kind, name in _names(record)
        ],
        "CloudTrailEvent": json.dumps(record, default=str),
    }
    key = (record.get("userIdentity") or {}).get("accessKeyId")
    if key:
        event["AccessKeyId"] = key
    if name := _user_name(record):
        event["Username"] = name
    return event
