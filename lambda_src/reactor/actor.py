"""Who made a call: CloudTrail's userIdentity read honestly.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reactor.shapes import dig, mapping, text, truth

if TYPE_CHECKING:
    from typing import Literal

    ActorKind = Literal[
        "root",
        "iam_user",
        "role",
        "sso_user",
        "service_linked_role",
        "service",
        "federated_user",
        "web_identity",
        "saml_user",
        "directory_user",
        "identity_center_user",
        "account",
        "unknown",
    ]

CONSOLE = "signin.amazonaws.com"
_SSO_PATH = "/aws-reserved/sso.amazonaws.com/"
_SSO_ROLE = re.compile(r"AWSReservedSSO_(?P<set>.+?)_[0-9a-f]{16}")
_INSTANCE_SESSION = re.compile(r"i-[0-9a-f]{8,17}")
_TYPES: dict[str, ActorKind] = {
    "Root": "root",
    "IAMUser": "iam_user",
    "AssumedRole": "role",
    "Role": "role",
    "FederatedUser": "federated_user",
    "WebIdentityUser": "web_identity",
    "SAMLUser": "saml_user",
    "Directory": "directory_user",
    "IdentityCenterUser": "identity_center_user",
    "AWSAccount": "account",
    "AWSService": "service",
}
_PEOPLE = {"root", "sso_user", "saml_user", "directory_user", "identity_center_user"}
_WORDS: dict[str, str] = {
    "iam_user": "IAM user",
    "service_linked_role": "service-linked role",
    "service": "AWS service",
    "federated_user": "federated user",
    "web_identity": "web identity",
    "saml_user": "SAML user",
    "directory_user": "directory user",
    "identity_center_user": "Identity Center user",
    "account": "AWS account",
    "unknown": "caller of unknown kind",
}


@dataclass(frozen=True)
class Actor:
    """The caller of an API.

    `kind` says what it is, `name` its lasting name (user, role, service principal, `root`),
    `session` the session's name where there is one. `principal_arn` is the lasting principal (for a
    role session the role with its path where CloudTrail tells it), `arn` the caller's own ARN.
    `issuer` is who issued a session (a role, or the user behind a federated session). `human` is
    True for a person, False for a machine, None where CloudTrail does not tell. `via` is the
    service that called on the caller's behalf (`invokedBy`), as sent; `console` is True where the
    call came from the AWS console. Every text is empty where CloudTrail says nothing.
    """

    kind: ActorKind = "unknown"
    name: str = ""
    session: str = ""
    principal_arn: str = ""
    arn: str = ""
    principal_id: str = ""
    account: str = ""
    issuer: str = ""
    access_key: str = ""
    human: bool | None = None
    via: str = ""
    console: bool = False
    mfa: bool | None = None
    source_identity: str = ""
    identity_provider: str = ""

    @property
    def service(self) -> str:
        """The AWS service that drove the call, empty where a caller made it directly.

        The console's sign-in service does not count: a person uses it.
        """
        if self.via and self.via != CONSOLE:
            return self.via
        return self.name if self.kind == "service" else ""

    @property
    def automation(self) -> bool:
        """True if AWS itself called, by its own choice.

        A service-linked role is for its service alone, and its path for AWS alone. `invokedBy`
        proves less: CloudFormation and others act on a person's word.
        """
        return self.kind == "service_linked_role"

    @property
    def owner(self) -> str:
        """The owner of a resource that this caller made: a person where there is one.

        A role session is `ROLE/SESSION`, an SSO session its person, root is `root`.
        """
        if self.kind == "sso_user":
            return self.session or self.name
        if self.kind == "role" and self.session:
            return f"{self.name}/{self.session}" if self.name else self.session
        return self.name or self.session or self.principal_id or self.account or "unknown"

    @property
    def label(self) -> str:
        """The caller in a sentence, such as `alice (IAM user)`."""
        who = self._label()
        return f"{who} via {self.service}" if self.service and self.kind != "service" else who

    def _label(self) -> str:
        if self.kind == "root":
            return "the root user"
        if self.kind == "sso_user":
            found = _SSO_ROLE.fullmatch(self.name)
            return f"{self.owner} (SSO, {found['set'] if found else self.name})"
        if self.kind == "role":
            name = self.name or "of unknown name"
            return f"{self.session} (role {name})" if self.session else f"role {name}"
        return f"{self.owner} ({_WORDS[self.kind]})"


def read_actor(identity: object, record: Mapping[str, Any] | None = None) -> Actor:
    """The caller of a record: `identity` is its userIdentity, `record` the whole; never raises."""
    who, whole = mapping(identity), mapping(record)
    context = mapping(who.get("sessionContext"))
    issuer = mapping(context.get("sessionIssuer"))
    attributes = mapping(context.get("attributes"))
    federation = mapping(context.get("webIdFederationData"))
    via = text(who.get("invokedBy"))
    arn, principal_id = text(who.get("arn")), text(who.get("principalId"))
    console = via == CONSOLE or truth(whole.get("sessionCredentialFromConsole")) is True
    resource = arn.split(":", 5)[5] if arn.count(":") >= 5 else ""
    kind = _kind(text(who.get("type")), resource, text(issuer.get("arn")), via)
    if kind == "unknown":
        kind = _without_type(who, whole)
    name, session = _names(kind, who, issuer, resource, principal_id)
    if kind == "service":
        name = via or name or text(whole.get("eventSource"))
    in_session = kind in ("role", "sso_user", "service_linked_role")
    return Actor(
        kind=kind,
        name=name,
        session=session,
        principal_arn="" if kind == "service" else (in_session and text(issuer.get("arn"))) or arn,
        arn=arn,
        principal_id=principal_id,
        account=text(who.get("accountId")) or (arn.split(":")[4] if resource else ""),
        issuer=text(issuer.get("arn")),
        access_key=text(who.get("accessKeyId")) or text(who.get("credentialId")),
        human=_human(kind, session, context, console),
        via=via,
        console=console,
        mfa=truth(attributes.get("mfaAuthenticated")),
        source_identity=text(context.get("sourceIdentity") or attributes.get("sourceIdentity")),
        identity_provider=text(who.get("identityProvider"))
        or text(federation.get("federatedProvider"))
        or text(dig(who, "onBehalfOf", "identityStoreArn")),
    )


def _kind(type_: str, resource: str, issuer_arn: str, via: str) -> ActorKind:
    kind = _TYPES.get(type_, "unknown")
    if kind == "unknown" and resource.startswith("assumed-role/"):
        kind = "role"
    if kind == "root" and via and via != CONSOLE:
        return "service"  # how Auto Scaling's calls looked before service-linked roles
    if kind == "role":
        # Only AWS makes roles under these paths; anybody may choose a name that looks like theirs.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
        if f":role{_SSO_PATH}" in issuer_arn:
            return "sso_user"
        if ":role/aws-service-role/" in issuer_arn:
            return "service_linked_role"
        # The sessionIssuer may be empty. Then the session's ARN names the role, without its path.
        name = resource.removeprefix("assumed-role/").partition("/")[0]
        if not issuer_arn and _SSO_ROLE.fullmatch(name):
            return "sso_user"
    return kind


def _without_type(who: Mapping[str, Any], record: Mapping[str, Any]) -> ActorKind:
    """Service events have no type, and those of Identity Center have `Unknown` or none.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/sso-cloudtrail-use-cases.html
    """
    if who.get("onBehalfOf") or who.get("credentialId"):
        return "identity_center_user"
    source = text(record.get("eventSource"))
    if text(who.get("userName")) and source.startswith(
        ("sso.", "sso-", "signin.", "identitystore")
    ):
        return "identity_center_user"
    via = text(who.get("invokedBy"))
    service_event = text(record.get("eventType")) == "AwsServiceEvent"
    if not who.get("arn") and (service_event or (via and via != CONSOLE)):
        return "service"
    return "unknown"


def _names(
    kind: ActorKind,
    who: Mapping[str, Any],
    issuer: Mapping[str, Any],
    resource: str,
    principal_id: str,
) -> tuple[str, str]:
    """The lasting name and the session's name."""
    if kind == "root":
        return "root", ""
    last = resource.rpartition("/")[2]
    user = text(who.get("userName"))
    if kind in ("role", "sso_user", "service_linked_role"):
        session = principal_id.partition(":")[2]
        parts = resource.split("/", 2)
        if parts[0] == "assumed-role" and len(parts) == 3:
            return text(issuer.get("userName")) or parts[1], parts[2] or session
        role = text(issuer.get("userName")) or text(issuer.get("arn")).rpartition("/")[2]
        return role or (last if parts[0] == "role" else "") or user, session
    if kind == "identity_center_user":
        return user or text(dig(who, "onBehalfOf", "userId")) or last, ""
    if kind == "account":
        return text(who.get("accountId")) or principal_id, ""
    return user or last or principal_id.rpartition(":")[2], ""


def _human(kind: ActorKind, session: str, context: Mapping[str, Any], console: bool) -> bool | None:
    if kind in _PEOPLE:
        return True
    if kind in ("service", "service_linked_role"):
        return False
    if kind == "role" and ("ec2RoleDelivery" in context or _INSTANCE_SESSION.fullmatch(session)):
        return False
    return True if console else None
