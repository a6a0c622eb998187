"""Organizations: services with trusted access.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_EnableAWSServiceAccess.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localaws.cloudtrail.admission import organization
from localaws.iam import authorize
from localaws.wire.call import Answer, Incoming, Json, Key, answered_on_a_thread, need


def _managed(answer: Callable[[Incoming, dict[str, Any]], Json]) -> Answer:
    """For the organization's management account only."""

    def managed(call: Incoming) -> Json:
        authorize.ensure(call)
        need(
            organization(call).get("MasterAccountId") == call.account,
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        )
        return answer(call, call.front.kept.service_access.setdefault(call.account, {}))

    return answered_on_a_thread(managed)


def _enable(call: Incoming, services: dict[str, Any]) -> Json:
    services.setdefault(str(call.parameters["ServicePrincipal"]), call.front.clock.now())
    return {}


def _disable(call: Incoming, services: dict[str, Any]) -> Json:
    services.pop(str(call.parameters["ServicePrincipal"]), None)
    return {}


def _list(_: Incoming, services: dict[str, Any]) -> Json:
    return {
        "EnabledServicePrincipals": [
            {"ServicePrincipal": name, "DateEnabled": services[name]} for name in sorted(services)
        ]
    }


ANSWERS: Mapping[Key, Answer] = {
    ("organizations", "DisableAWSServiceAccess"): _managed(_disable),
    ("organizations", "EnableAWSServiceAccess"): _managed(_enable),
    ("organizations", "ListAWSServiceAccessForOrganization"): _managed(_list),
}
