"""Sign-ins, tokens and denials: mostly events that matter when there are many."""

from __future__ import annotations

from reactor.correlation import principal
from reactor.detections.grants import admin_action
from reactor.detections.model import Detected, Known, any_matches, decides
from reactor.event import Event
from reactor.policies import policy_document
from reactor.shapes import items, text


@decides("login-failures")
def login_failure(event: Event, known: Known) -> Detected | None:
    """A failed sign-in to the console, or by Identity Center; many from one address count."""
    del known
    if not event.failed:
        return None
    who = event.actor.name or "somebody"
    why = event.error_message or "no reason given"
    return Detected(f"{who} failed to sign in ({why})", who)


@decides("federation-token")
def federation_token(event: Event, known: Known) -> Detected | None:
    """Credentials that stay valid after the key that made them is gone, unless a known broker made
    them.
    """
    actor = event.actor
    if any_matches(actor.principal_arn or actor.arn, known.federation_brokers):
        return None
    name = text(event.request.get("name")) or "a session of unknown name"
    document = policy_document(event.request.get("policy"))
    managed = " ".join(
        text(each.get("arn")) if isinstance(each, dict) else text(each)
        for each in items(event.request.get("policyArns"))
    )
    if admin_action(document) or ":policy/AdministratorAccess" in managed:
        return Detected(f"{actor.label} got administrator's credentials as {name}", name)
    return Detected(f"{actor.label} got credentials as {name}", name)


@decides("unauthorized-api")
def denied(event: Event, known: Known) -> Detected | None:
    """A denied call; many of one caller count."""
    del known
    if not event.error:
        return None
    who = principal(event)
    return Detected(f"{event.source} {event.name} was denied ({event.error})", who)


@decides("secrets-bulk")
def secret_read(event: Event, known: Known) -> Detected | None:
    """A secret that was read; many of one caller count."""
    del known
    if event.failed:
        return None
    one = text(event.request.get("secretId"))
    many = [text(each) for each in items(event.request.get("secretIdList"))]
    secret = one or ", ".join(filter(None, many)) or "secrets by filter"
    return Detected(f"{secret} was read", secret)


@decides("account-recon")
@decides("instance-recon")
@decides("s3-bulk-delete")
@decides("ses-recon")
@decides("snapshots-deleted")
@decides("ssm-parameters")
@decides("userdata-read")
def one_of_many(event: Event, known: Known) -> Detected | None:
    """A call that says little alone; AWS's own calls say nothing."""
    del known
    if event.actor.automation:
        return None
    which = event.resources[0].id if event.resources else ""
    verb = f"was denied ({event.error})" if event.error else "was called"
    return Detected(f"{event.source} {event.name} {verb}", which)


@decides("password-data")
def password_data(event: Event, known: Known) -> Detected | None:
    """A request for the administrator's password of a Windows instance, also if it was denied."""
    actor = event.actor
    if any_matches(actor.principal_arn or actor.arn, known.password_readers):
        return None
    instance = text(event.request.get("instanceId"))
    verb = f"was denied ({event.error})" if event.error else "got it"
    return Detected(f"{actor.label} asked for the password of {instance} and {verb}", instance)
