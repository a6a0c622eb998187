"""The fields of a CloudTrail record, as far as what may be asked of them depends on it.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

_IDENTITY = ("type", "userName", "principalId", "arn", "accountId", "accessKeyId")
# One text each, never a list and never JSON's null.
TEXTS = frozenset(
    {
        *("eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress"),
        *("userAgent", "errorCode", "errorMessage", "requestID", "eventID", "eventType"),
        *("apiVersion", "recipientAccountId", "sharedEventID", "vpcEndpointId", "eventCategory"),
        *("vpcEndpointAccountId", "sessionCredentialFromConsole"),
        *(f"userIdentity.{name}" for name in _IDENTITY),
        *("userIdentity.invokedBy", "userIdentity.identityProvider", "userIdentity.credentialId"),
        *(f"userIdentity.sessionContext.sessionIssuer.{name}" for name in _IDENTITY[:5]),
        "userIdentity.sessionContext.attributes.creationDate",
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
        "userIdentity.sessionContext.ec2RoleDelivery",
        "userIdentity.sessionContext.sourceIdentity",
        *("tlsDetails.tlsVersion", "tlsDetails.cipherSuite", "tlsDetails.clientProvidedHostHeader"),
        # A sign-in's own:
        # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
        *("additionalEventData.MFAUsed", "additionalEventData.LoginTo"),
        *("additionalEventData.MobileVersion", "additionalEventData.SamlProviderArn"),
        "responseElements.ConsoleLogin",
    }
)
BOOLEANS = frozenset({"readOnly", "managementEvent"})
SINGLE = TEXTS | BOOLEANS
# They hold fields and have no value of their own.
OBJECTS = frozenset(
    {
        *("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"),
        *("resources", "tlsDetails", "edgeDeviceDetails", "insightDetails", "addendum"),
        *("userIdentity", "userIdentity.sessionContext", "userIdentity.onBehalfOf"),
        *("userIdentity.sessionContext.sessionIssuer", "userIdentity.sessionContext.attributes"),
        *("userIdentity.sessionContext.webIdFederationData", "userIdentity.inScopeOf"),
    }
)
_ROOTS = frozenset(name.partition(".")[0] for name in SINGLE | OBJECTS)


def known(field: str) -> bool:
    """Whether a record can have the field."""
    return field.partition(".")[0] in _ROOTS


def may_share_a_list(one: str, other: str) -> bool:
    """Whether both fields may be in the elements of one list.

    EventBridge then wants both in the same element, and Sigma doesn't say so.
    """
    if one in SINGLE or other in SINGLE:
        return False
    first, second = one.split("."), other.split(".")
    shared = 0
    while shared < min(len(first), len(second)) and first[shared] == second[shared]:
        shared += 1
    # What a call asks and answers is an object; `resources` is a list.
    return shared >= (1 if first[0] == "resources" else 2)
