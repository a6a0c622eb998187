"""Documents, which the emulator does not have: kept and shown.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need
from localaws.wire.parts import Json

_PLATFORMS = ["Linux", "Windows", "MacOS"]


class Documents(dict[tuple[str, str, str], list[Json]]):
    """The versions of each document, by account, Region and name."""


@gap.answers("ssm", "CreateDocument", alone=True)
def _create(call: Call) -> Json:
    p, place = call.parameters, _place(call)
    documents = call.kept(Documents)
    need(
        place not in documents,
        "DocumentAlreadyExists",
        "Document with same name already exists",
    )
    documents[place] = [_version(call, p, 1)]
    return {"DocumentDescription": _described(documents[place], documents[place][0])}


@gap.answers("ssm", "UpdateDocument", alone=True)
def _update(call: Call) -> Json:
    versions = _versions(call)
    made = {**versions[-1], **call.parameters}
    if made["Content"] == versions[-1]["Content"]:
        raise RefusalError(
            "DuplicateDocumentContent", "The content of the association document matches another"
        )
    versions.append(_version(call, made, len(versions) + 1) | {"Default": False})
    return {"DocumentDescription": _described(versions, versions[-1])}


@gap.answers("ssm", "UpdateDocumentDefaultVersion", alone=True)
def _update_default(call: Call) -> Json:
    versions, asked = _versions(call), str(call.parameters["DocumentVersion"])
    for version in versions:
        version["Default"] = version["DocumentVersion"] == asked
    return {"Description": {"Name": versions[0]["Name"], "DefaultVersion": asked}}


@gap.answers("ssm", "DescribeDocument", alone=True)
def _describe(call: Call) -> Json:
    versions = _versions(call)
    return {"Document": _described(versions, _asked(call, versions))}


@gap.answers("ssm", "GetDocument", alone=True)
def _get(call: Call) -> Json:
    version = _asked(call, _versions(call))
    names = ("Content", "CreatedDate", "DocumentFormat", "DocumentType", "DocumentVersion", "Name")
    return {name: version[name] for name in names} | {"Status": "Active"}


@gap.answers("ssm", "DescribeDocumentPermission", alone=True)
def _permission(call: Call) -> Json:
    _versions(call)
    return {"AccountIds": [], "AccountSharingInfoList": []}


@gap.answers("ssm", "DeleteDocument", alone=True)
def _delete(call: Call) -> Json:
    _versions(call)
    del call.kept(Documents)[_place(call)]
    return {}


def known(call: Call, name: str) -> bool:
    """Whether there is such a document: the caller's own, or one of AWS's."""
    return name.startswith("AWS") or (call.account, call.region, name) in call.kept(Documents)


def _place(call: Call) -> tuple[str, str, str]:
    return call.account, call.region, str(call.parameters.get("Name"))


def _versions(call: Call) -> list[Json]:
    try:
        return call.kept(Documents)[_place(call)]
    except KeyError:
        name = call.parameters.get("Name")
        raise RefusalError(
            "InvalidDocument", f"Document with name {name} does not exist."
        ) from None


def _asked(call: Call, versions: list[Json]) -> Json:
    asked = str(call.parameters.get("DocumentVersion") or "$DEFAULT")
    if asked == "$LATEST":
        return versions[-1]
    for version in versions:
        if version["Default"] if asked == "$DEFAULT" else version["DocumentVersion"] == asked:
            return version
    raise RefusalError("InvalidDocumentVersion", f"There is no version {asked}.")


def _version(call: Call, p: Mapping[str, Any], number: int) -> Json:
    content = str(p["Content"])
    try:
        json.loads(content) if (p.get("DocumentFormat") or "JSON") == "JSON" else None
    except ValueError:
        raise RefusalError("InvalidDocumentContent", "JSON not well-formed") from None
    return {
        "Content": content,
        "CreatedDate": call.parts.clock.now(),
        "Default": True,
        "DocumentFormat": p.get("DocumentFormat") or "JSON",
        "DocumentType": p.get("DocumentType") or "Command",
        "DocumentVersion": str(number),
        "Hash": hashlib.sha256(content.encode()).hexdigest(),
        "HashType": "Sha256",
        "Name": p["Name"],
        "Owner": call.account,
        "PlatformTypes": _PLATFORMS,
        "Status": "Active",
        "Tags": p.get("Tags") or [],
        **({"TargetType": p["TargetType"]} if p.get("TargetType") else {}),
    }


def _described(versions: list[Json], version: Json) -> Json:
    default = next(one["DocumentVersion"] for one in versions if one["Default"])
    shown = {name: value for name, value in version.items() if name not in ("Content", "Default")}
    read = json.loads(version["Content"]) if version["DocumentFormat"] == "JSON" else {}
    return {
        **shown,
        "DefaultVersion": default,
        "Description": str(read.get("description", "")),
        "LatestVersion": versions[-1]["DocumentVersion"],
        "Parameters": [
            {"Name": name, "Type": one.get("type", "String")}
            for name, one in (read.get("parameters") or {}).items()
        ],
        "SchemaVersion": str(read.get("schemaVersion", "")),
    }
