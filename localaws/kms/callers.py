"""What a caller needs of the key that a bucket, queue or topic is encrypted with.

The service asks KMS in the caller's name: by the key's policy, which names the caller or leaves it
to the account, and then by the caller's own policies. Of another account's key both must allow.
https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from botocore.exceptions import ClientError

from localaws.iam.policy import PolicyError, Principal, evaluate
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError
from localaws.wire.gap import Need

_CODES = {"sns": "KMSAccessDenied", "sqs": "KMS.AccessDeniedException"}


def key_needs(
    call: Call, actions: tuple[str, ...], key: str, encryption: Mapping[str, str]
) -> Iterator[Need]:
    """What the caller's own policies must allow; raises RefusalError where the key's refuses.

    `key`: an id, an ARN or an alias, of the caller's account and Region where it says no other.
    `encryption`: the encryption context.
    """
    if key.removeprefix("alias/").startswith("aws/") or ":alias/aws/" in key:
        return  # a key of AWS's own admits everybody in its account who may use the service
    region, account = call.region, call.account
    if key.startswith("arn:"):
        region, account = key.split(":")[3:5]
    kms = call.client("kms", account, region)
    try:
        metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
        policy = kms.get_key_policy(KeyId=metadata["KeyId"], PolicyName="default")["Policy"]
    except ClientError:
        return  # no such key: the emulator took it
    code = _CODES.get(call.service)
    identity, arn = call.identity, str(metadata["Arn"])
    caller = Principal.aws(
        *filter(None, (identity.arn, identity.issuer_arn)), account=identity.account
    )
    context: dict[str, str | list[str]] = {
        **{f"kms:EncryptionContext:{name}": value for name, value in encryption.items()},
        "kms:EncryptionContextKeys": sorted(encryption),
        "kms:CallerAccount": call.account,
        "kms:ViaService": f"{call.service}.{region}.amazonaws.com",
    }
    for action in actions:
        try:
            decision = evaluate(
                policy, principal=caller, action=action, resource=arn, context=context
            )
        except PolicyError:
            continue
        if not decision.allowed:
            raise RefusalError(
                code or "AccessDenied",
                f"User: {identity.arn} is not authorized to perform: {action} on resource: {arn} "
                f"because no resource-based policy allows the {action} action",
                400 if code else 403,
            )
        if decision.delegated or account != call.account:
            yield Need(action, arn, context, code)
