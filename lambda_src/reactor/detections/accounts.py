"""Sign-in, tokens and denials: mostly events of which many say more than one."""

from __future__ import annotations

from reactor.detections.grants import admin_action
from reactor.detections.model import Finding, Known, any_matches, decides
from reactor.event import Event
from reactor.policies import policy_document
from reactor.shapes import items, text


@decides("login-failures")
def login_failure(event: Event, known: Known) -> Finding | None:
    """A failed console sign-in, counted by the address it came from."""
    del known
    if event.response.get("ConsoleLogin") != "Failure":
        return None
    who = event.actor.name or "somebody"
    why = event.error_message or "no reason given"
    return Finding(f"{who} failed to sign in ({why})", who, event.source_ip or who)


@decides("federation-token")
def federation_token(event: Event, known: Known) -> Finding | None:
    """Credentials that outlive the key they were made with, unless a known broker made them."""
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
        return Finding(f"{actor.label} got administrator's credentials as {name}", name)
    return Finding(f"{actor.label} got credentials as {name}", name)


@decides("unauthorized-api")
def denied(event: Event, known: Known) -> Finding | None:
    """A denied call, counted by who made it."""
    del known
    if not event.error:
        return None
    who = event.actor.principal_arn or event.actor.arn or event.actor.owner
    return Finding(f"{event.source} {event.name} was denied ({event.error})", who, who)


@decides("secrets-bulk")
def secret_read(event: Event, known: Known) -> Finding | None:
    """A secret that was read, counted by who read it."""
    del known
    if event.failed:
        return None
    who = event.actor.principal_arn or event.actor.arn or event.actor.owner
    one = text(event.request.get("secretId"))
    many = [text(each) for each in items(event.request.get("secretIdList"))]
    secret = one or ", ".join(filter(None, many)) or "secrets by filter"
    return Finding(f"{secret} was read", secret, who)


@decides("password-data")
def password_data(event: Event, known: Known) -> Finding | None:
    """The administrator's password of a Windows instance asked for; a denial is worth knowing."""
    actor = event.actor
    if any_matches(actor.principal_arn or actor.arn, known.password_readers):
        return None
    instance = text(event.request.get("instanceId"))
    verb = f"was denied ({event.error})" if event.error else "got it"
    return Finding(f"{actor.label} asked for the password of {instance} and {verb}", instance)
