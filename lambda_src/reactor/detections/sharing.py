"""Resources opened to other accounts or to everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reactor.detections.grants import documents, foreign, outsiders, public_grant
from reactor.detections.model import Detected, Known, decides
from reactor.event import Event
from reactor.meaning.admits import EVERYBODY
from reactor.meaning.elements import allowing, listed
from reactor.shapes import dig, items, mapping, text

# Fields of requests that name who gets access, outside of a policy document.
_GRANTEES = frozenset(
    {
        "AddAllowedPrincipals",  # ec2 ModifyVpcEndpointServicePermissions
        "aWSAccountId",  # sns AddPermission
        "aWSAccountIds",  # sqs AddPermission
        "account",  # redshift AuthorizeEndpointAccess
        "accountId",  # servicecatalog CreatePortfolioShare
        "accountIdsToAdd",  # ssm ModifyDocumentPermission
        "accountWithRestoreAccess",  # redshift AuthorizeSnapshotAccess
        "consumerIdentifier",  # redshift AuthorizeDataShare
        "dataLakePrincipalIdentifier",  # lakeformation
        "destinationArn",  # logs PutSubscriptionFilter
        "granteePrincipal",  # kms CreateGrant
        "principal",  # lambda, events
        "principals",  # ram
        "retiringPrincipal",  # kms CreateGrant
        "sourceAccount",  # lambda AddPermission: for whom a service calls
    }
)
# Fields that leave only a part of everybody.
_LIMITS = ("condition", "organizationId", "principalOrgID")
# Accounts that AWS publishes layers from.
# https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Lambda-Insights-extension-versions.html
# https://aws-otel.github.io/docs/getting-started/lambda
# https://aws-sdk-pandas.readthedocs.io/en/stable/layers.html
_PUBLISHERS = ("017000801446", "094274105915", "580247275435", "901920570463", "336392948345")


_HEADER = re.compile(r'(?:id|emailAddress)="?([^",\s]+)')
# CloudFront's, which writes its logs by an ACL.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html
_LOG_DELIVERY = "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"


@decides("snapshot-shared")
def snapshot_shared(event: Event, known: Known) -> Detected | None:
    """A snapshot that everybody, or an unknown account, may restore."""
    request = event.request
    if event.source == "rds.amazonaws.com":
        names = ("dBSnapshotIdentifier", "dBClusterSnapshotIdentifier")
        resource = next(filter(None, (text(request.get(name)) for name in names)), "")
        added = [text(each) for each in items(request.get("valuesToAdd"))]
        return _told(event, known, [EVERYBODY if e == "all" else e for e in added], resource)
    added = dig(request, "createVolumePermission", "add")
    return _shared(event, known, added, text(request.get("snapshotId")))


@decides("ami-shared")
def ami_shared(event: Event, known: Known) -> Detected | None:
    """An image that everybody, an unknown account or an unknown organization may launch."""
    added = dig(event.request, "launchPermission", "add")
    return _shared(event, known, added, text(event.request.get("imageId")))


def _shared(event: Event, known: Known, added: object, resource: str) -> Detected | None:
    principals = []
    for each in items(added):
        entry = mapping(each)
        if text(entry.get("group")) == "all":
            principals.append(EVERYBODY)
        principals.append(text(entry.get("userId")))
        for kind in ("organizationArn", "organizationalUnitArn"):
            arn = text(entry.get(kind))
            if not any(f"/{each}" in f"{arn}/" for each in known.trusted_organizations):
                principals.append(arn)
    return _told(event, known, principals, resource)


def _told(event: Event, known: Known, principals: list[str], resource: str) -> Detected | None:
    strangers = foreign(principals, event, known)
    if not strangers:
        return None
    if EVERYBODY in strangers:
        return Detected(f"{resource} was shared with everybody", resource)
    return Detected(f"{resource} was shared with {', '.join(strangers[:5])}", resource)


@decides("resource-policy-public")
def policy_public(event: Event, known: Known) -> Detected | None:
    """A resource policy that lets anybody in."""
    del known
    for document in documents(event.request):
        grant = public_grant(document)
        if grant:
            return Detected(f"the policy {grant}", _resource(event))
    return None


@decides("resource-policy-foreign")
def policy_foreign(event: Event, known: Known) -> Detected | None:
    """A resource policy, permission, grant or share that lets an unknown account in.

    What lets everybody in by a policy is `resource-policy-public`, `s3-policy-public` or
    `lambda-public`.
    """
    found = [
        stranger
        for document in documents(event.request)
        for stranger in outsiders(
            document, event.account, known.trusted_accounts, known.organizations
        )
        if stranger.strip("*") and not stranger.startswith("everybody")
    ]
    # A service that makes a grant for its own work chooses whom it is for.
    for_service = event.name == "CreateGrant" and bool(event.actor.service)
    named = [] if for_service else foreign(_grantees(event.request, known), event, known)
    limited = event.name.startswith("AddPermission2") or any(
        event.request.get(limit) for limit in _LIMITS
    )
    found += [each for each in named if each != EVERYBODY or not limited]
    found += [f"the canonical user {each[:12]}" for each in _canonical_users(event)]
    if not found:
        return None
    who = ", ".join("everybody" if e == EVERYBODY else e for e in dict.fromkeys(found[:5]))
    return Detected(f"{event.name} lets {who} in", _resource(event))


def _canonical_users(event: Event) -> Iterator[str]:
    """Owners of S3 that a policy or an ACL names by an id that does not tell their account.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
    """
    request = event.request
    found = [
        each
        for document in documents(request)
        for statement in allowing(document)
        for each in listed(mapping(statement.get("Principal")).get("CanonicalUser"))
    ]
    acl = request.get("AccessControlPolicy")
    owner = text(dig(acl, "Owner", "ID"))
    for grant in items(dig(acl, "AccessControlList", "Grant")):
        grantee = mapping(mapping(grant).get("Grantee"))
        found += [text(grantee.get("ID")), text(grantee.get("EmailAddress"))]
    for name, value in request.items():
        if name.startswith("x-amz-grant-"):
            found += _HEADER.findall(" ".join(listed(value)))
    yield from (each for each in found if each not in ("", owner, _LOG_DELIVERY))


def _grantees(value: object, known: Known, levels: int = 5) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        for key, inner in mapping(each).items():
            if key in _GRANTEES:
                yield from _names(inner, known)
            if isinstance(inner, dict | list) and levels:
                yield from _grantees(inner, known, levels - 1)


def _names(value: object, known: Known) -> Iterator[str]:
    """The principals of a field: a text, a list, or EC2's `{"content": ..., "tag": 1}`."""
    for each in value if isinstance(value, list) else [value]:
        name = text(mapping(each).get("content")) or text(each)
        if ":organizations:" in name:
            # Without known organizations, the one that is named counts as one's own.
            trusted = known.trusted_organizations
            if not trusted or any(f"/{each}" in f"{name}/" for each in trusted):
                continue
        yield EVERYBODY if name.lower() == "all" else name


@decides("lambda-layer-foreign")
def layer_foreign(event: Event, known: Known) -> Detected | None:
    """A function with a layer of an account that is neither its own, nor trusted, nor AWS's."""
    layers = [
        arn
        for arn in map(text, items(event.request.get("layers")))
        if arn.split(":")[4:5] and arn.split(":")[4] not in _PUBLISHERS
    ]
    found = foreign(layers, event, known)
    function = text(event.request.get("functionName"))
    return Detected(f"the layer {', '.join(found[:3])}", function) if found else None


def _resource(event: Event) -> str:
    names = ("keyId", "queueUrl", "topicArn", "repositoryName", "secretId", "bucketName")
    more = ("functionName", "resourceArn", "queueName", "domainName", "fileSystemId", "name")
    named = (text(event.request.get(name)) for name in (*names, *more))
    return next(filter(None, named), event.resources[0].id if event.resources else "")
