"""Organizations: services with trusted access.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_EnableAWSServiceAccess.html
"""

from __future__ import annotations

from datetime import datetime

from botocore.exceptions import ClientError

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need
from localaws.wire.parts import Json


class TrustedAccess(dict[str, dict[str, datetime]]):
    """By management account: service principals with trusted access, and since when."""


def organization(call: Call) -> Json:
    """The caller's organization; raises ClientError for one who has none."""
    found: Json = call.client("organizations").describe_organization()["Organization"]
    return found


def _services(call: Call) -> dict[str, datetime]:
    """Those with trusted access, for the organization's management account only."""
    try:
        manages = organization(call).get("MasterAccountId") == call.account
    except ClientError:
        raise RefusalError(
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        ) from None
    need(
        manages,
        "AccessDeniedException",
        "You don't have permissions to access this resource.",
    )
    return call.kept(TrustedAccess).setdefault(call.account, {})


@gap.answers("organizations", "EnableAWSServiceAccess", alone=True)
def _enable(call: Call) -> Json:
    service = str(call.parameters["ServicePrincipal"])
    _services(call).setdefault(service, call.parts.clock.now())
    return {}


@gap.answers("organizations", "DisableAWSServiceAccess", alone=True)
def _disable(call: Call) -> Json:
    _services(call).pop(str(call.parameters["ServicePrincipal"]), None)
    return {}


@gap.answers("organizations", "ListAWSServiceAccessForOrganization", alone=True)
def _list(call: Call) -> Json:
    services = _services(call)
    return {
        "EnabledServicePrincipals": [
            {"ServicePrincipal": name, "DateEnabled": services[name]} for name in sorted(services)
        ]
    }
