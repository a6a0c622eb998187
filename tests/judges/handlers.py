"""Which AWS calls the handlers make: read from their source, as IAM's actions.

A call is the name of an operation of an AWS service, in botocore's words (`get_role`) or AWS's own
(`ListPublicKeys`), as a method or as a text, in a module that the handler imports, however far.
What stands within `Undo(...)`, or is the value of something called `undo` or UNDOABLE, is for a
person to call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

from tests.harness.local_aws import REPOSITORY

SOURCE = REPOSITORY / "lambda_src"

# The services that handlers speak to. A name that several have counts for those that are named.
SERVICES = (
    *("cloudtrail", "dynamodb", "ec2", "events", "iam", "lambda", "organizations", "s3"),
    *(
        "securityhub",
        "sns",
        "sqs",
        "ssm",
        "sts",
        "athena",
        "glue",
        "cloudwatch",
        "scheduler",
        "stepfunctions",
    ),
)
_PREFIX = {"stepfunctions": "states"}

# Where the action is not called as the operation is.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_OTHERWISE = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
}
# What a library calls for whoever imports it, and what is sent without boto3.
_LIBRARIES = {
    "reactor.digest.transport": ("s3:GetObject", "s3:ListBucket"),
    "aws_lambda_powertools.utilities.idempotency": (
        *("dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    ),
}


def calls_made(entry: str = "") -> set[str]:
    """The actions called from the module of a handler (`reactor.reaction`), or by any at all."""
    modules = _closure(entry) if entry else _all()
    return {action for module in modules for action in _calls(module)}


@cache
def _operations() -> dict[str, set[str]]:
    """`get_role` and `GetRole` to the actions that they may be."""
    session = botocore.session.get_session()
    found: dict[str, set[str]] = {}
    for service in SERVICES:
        for operation in session.get_service_model(service).operation_names:
            own = f"{_PREFIX.get(service, service)}:{operation}"
            action = _OTHERWISE.get(own, own)
            for name in (xform_name(operation), operation):
                found.setdefault(name, set()).add(action)
    return found


@cache
def _all() -> tuple[str, ...]:
    return tuple(
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(SOURCE.glob("reactor/**/*.py"))
    )


@cache
def _tree(module: str) -> ast.Module | None:
    path = SOURCE / Path(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.exists():
            return ast.parse(candidate.read_text(encoding="utf-8"))
    return None


def _imports(tree: ast.Module) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{name.name}" for name in node.names)
    return frozenset(found)


@cache
def _closure(entry: str) -> tuple[str, ...]:
    seen: list[str] = []
    left = [entry]
    while left:
        module = left.pop()
        tree = _tree(module)
        if module not in seen and tree is not None:
            seen.append(module)
            left += sorted(_imports(tree))
    return tuple(seen)


@cache
def _calls(module: str) -> frozenset[str]:
    tree = _tree(module)
    assert tree is not None
    return frozenset(calls_in(tree))


def calls_in(tree: ast.Module) -> set[str]:
    """The actions that one module calls."""
    imports = _imports(tree)
    found = {
        action
        for library, actions in _LIBRARIES.items()
        if any(name.startswith(library) for name in imports)
        for action in actions
    }
    words = list(_words(tree))
    named = {_PREFIX.get(word, word) for word in words if word in SERVICES}
    for word in words:
        actions = _operations().get(word, set())
        if len(actions) > 1 and named:
            actions = {one for one in actions if one.partition(":")[0] in named}
        found |= actions
    return found


def _words(node: ast.AST, camel: bool = False) -> Iterator[str]:
    """Texts and called methods, but for those of an undo.

    AWS's own words are names of events, too: they count within `x.call(...)` alone.
    """
    if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") in ("undo", "UNDOABLE"):
        return
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Name) and called.id == "Undo":
            return
        if isinstance(called, ast.Attribute):
            camel = camel or called.attr == "call"
            yield called.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from [node.value] if camel or node.value.islower() else []
    for child in ast.iter_child_nodes(node):
        yield from _words(child, camel)
