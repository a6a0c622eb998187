"""Keys and aliases: settings that AWS refuses and the emulator takes.

https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
"""

from __future__ import annotations

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

_TAGS = 50


@gap.refuses("kms", "CreateKey", "TagResource")
def _tags(call: Call) -> None:
    keys = [str(tag.get("TagKey")) for tag in call.parameters.get("Tags") or ()]
    need(len(keys) <= _TAGS, "TagException", "Too many tags")
    need(len(set(keys)) == len(keys), "TagException", "Duplicate tag keys")
    need(
        not any(key.lower().startswith("aws:") for key in keys),
        "TagException",
        "Tags beginning with aws: are reserved",
    )


@gap.refuses("kms", "CreateAlias", "DeleteAlias", "UpdateAlias")
def _alias(call: Call) -> None:
    name = str(call.parameters.get("AliasName"))
    need(
        not name.startswith("alias/aws/"),
        "NotAuthorizedException",
        f"{name} is reserved for keys of AWS services.",
    )


@gap.refuses("kms", "EnableKeyRotation")
def _rotation(call: Call) -> None:
    days = call.parameters.get("RotationPeriodInDays")
    if days is None:
        return
    low, high = 90, 2560
    bound = (
        f"greater than or equal to {low}" if int(days) < low else f"less than or equal to {high}"
    )
    need(
        low <= int(days) <= high,
        "ValidationException",
        f"1 validation error detected: Value '{days}' at 'rotationPeriodInDays' failed to satisfy "
        f"constraint: Member must have value {bound}",
    )
