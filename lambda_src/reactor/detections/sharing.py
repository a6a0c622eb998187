"""Resources opened to other accounts or to everybody."""

from __future__ import annotations

from reactor.detections.grants import public_grant
from reactor.detections.model import Finding, Known, decides
from reactor.event import Event
from reactor.policies import policy_document
from reactor.shapes import dig, items, mapping, text


@decides("snapshot-shared")
def snapshot_shared(event: Event, known: Known) -> Finding | None:
    """An EBS snapshot that everybody, or an unknown account, may make volumes of."""
    added = dig(event.request, "createVolumePermission", "add")
    return _shared(event, known, added, text(event.request.get("snapshotId")))


@decides("ami-shared")
def ami_shared(event: Event, known: Known) -> Finding | None:
    """An image that everybody, an unknown account or a whole organization may launch."""
    added = dig(event.request, "launchPermission", "add")
    return _shared(event, known, added, text(event.request.get("imageId")))


def _shared(event: Event, known: Known, added: object, resource: str) -> Finding | None:
    strangers = []
    for each in items(added):
        entry = mapping(each)
        if text(entry.get("group")) == "all":
            return Finding(f"{resource} was shared with everybody", resource)
        account = text(entry.get("userId"))
        if account and account != event.account and account not in known.trusted_accounts:
            strangers.append(account)
        for kind in ("organizationArn", "organizationalUnitArn"):
            if text(entry.get(kind)):
                strangers.append(text(entry.get(kind)))
    if not strangers:
        return None
    return Finding(f"{resource} was shared with {', '.join(strangers[:5])}", resource)


@decides("resource-policy-public")
def policy_public(event: Event, known: Known) -> Finding | None:
    """A policy of a key, queue, topic, repository or secret that lets anybody in."""
    del known
    request = event.request
    found = _document(event)
    grant = public_grant(policy_document(found))
    if not grant:
        return None
    names = ("keyId", "queueUrl", "topicArn", "repositoryName", "secretId", "queueName", "name")
    resource = next(filter(None, (text(request.get(name)) for name in names)), "")
    return Finding(f"the policy {grant}", resource)


def _document(event: Event) -> object:
    request = event.request
    if event.source == "sns.amazonaws.com" and event.name == "SetTopicAttributes":
        named = text(request.get("attributeName")) == "Policy"
        return request.get("attributeValue") if named else None
    if event.source in ("sns.amazonaws.com", "sqs.amazonaws.com"):
        return dig(request, "attributes", "Policy")
    names = ("policy", "policyText", "resourcePolicy")
    return next((request[name] for name in names if request.get(name)), None)
