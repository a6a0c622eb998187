"""Random policies and requests: what `reactor.meaning` calls narrow, the authorizer must refuse.

    python -m tests.attacks.policies 100000 [SEED]

The judge is the local AWS's authorizer, which decides one request at a time and shares no code with
what it judges.
"""

from __future__ import annotations

import random
import string
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reactor.meaning.admits import open_providers, strangers
from reactor.meaning.powers import ESCALATIONS, admin_power, spared

from localaws.iam.policy import Effect, PolicyError, Principal, evaluate

ACCOUNT, FOREIGN, FRIEND = "111122223333", "999988887777", "444455556666"
OURS, THEIRS = "o-ours000000", "o-theirs0000"
FOREIGN_ID = "AROAFOREIGN123456789"
Document = dict[str, Any]

ACTIONS = (
    *("*", "*:*", "**", "iam:*", "IAM:*", "iam:**", "iam:?*", "iam:Put*", "iam:*Policy"),
    *("iam:PutRolePolicy", "iam:putrolepolicy", "iam:Attach*", "iam:???RolePolicy", "i*", "s3:*"),
    *("iam:Get*", "iam:Update*", "iam:Create*", "iam:SetDefaultPolicyVersion", "sts:*", "?am:*"),
    *(f"iam:{letter}*" for letter in "AaCcPpSsUu"),
)
RESOURCES = (
    *(
        "*",
        "**",
        "arn:*",
        "arn:aws:iam::*:*",
        "arn:aws:iam::*:role/*",
        "arn:aws:iam",
        "arn:*:iam::*",
    ),
    *(f"arn:aws:iam::{ACCOUNT}:role/*", f"arn:aws:iam::{ACCOUNT}:role/?*", "arn:aws:s3:::logs/*"),
    *(f"arn:aws:iam::{ACCOUNT}:role/[a]*", f"arn:aws:iam::{ACCOUNT}:*", "arn:*:*:*:*:user/*"),
    *(f"arn:aws:iam::{ACCOUNT}:role/{letter}*" for letter in "abz"),
    *(f"arn:aws:iam::{ACCOUNT}:role/?", f"arn:aws:iam::{ACCOUNT}:role/??*"),
    *("arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:role/${aws:PrincipalTag/team}*"),
    *("arn:aws:iam::*:group/*", "arn:aws:iam::*:policy/*", "arn:aws:iam::*:user/*"),
)
HELD = (
    {"StringEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/bound"}},
    {"ArnLike": {"iam:PolicyARN": f"arn:aws:iam::{ACCOUNT}:policy/team/*"}},
    {"StringLike": {"iam:PolicyARN": "*"}},
    {"ArnLike": {"iam:PolicyARN": "arn:aws:iam::aws:policy/*"}},
    {"StringNotEquals": {"iam:PermissionsBoundary": "arn:aws:iam::1:policy/x"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringEqualsIfExists": {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/bound"}},
)
# What an identity that does not want to be held would send.
CALLS: Sequence[Mapping[str, str]] = (
    {"aws:username": "alice", "aws:MultiFactorAuthPresent": "true", "aws:PrincipalTag/team": "a"},
    {
        "aws:username": "mallory",
        "aws:MultiFactorAuthPresent": "true",
        "aws:PrincipalTag/team": "",
        "iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess",
    },
)


def some(pool: Sequence[Any], dice: random.Random, most: int = 4) -> list[Any]:
    return [dice.choice(pool) for _ in range(dice.randint(1, most))]


def one_or_many(values: list[str], dice: random.Random) -> Any:
    return values[0] if len(values) == 1 and dice.random() < 0.5 else values


def identity_policy(dice: random.Random) -> Document:
    """An identity policy with everything that can make it wider or narrower than it looks."""
    statements = []
    for _ in range(dice.randint(1, 4)):
        statement: Document = {"Effect": "Deny" if dice.random() < 0.2 else "Allow"}
        actions = some(ACTIONS, dice, 6)
        resources = some(RESOURCES, dice)
        statement["NotAction" if dice.random() < 0.15 else "Action"] = one_or_many(actions, dice)
        inverted = "NotResource" if dice.random() < 0.15 else "Resource"
        statement[inverted] = one_or_many(resources, dice)
        if dice.random() < 0.25:
            statement["Condition"] = dice.choice(HELD)
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


def allowed(document: Document, action: str, resource: str, context: Mapping[str, Any]) -> bool:
    who = Principal.aws(f"arn:aws:iam::{ACCOUNT}:role/app")
    decision = evaluate(document, principal=who, action=action, resource=resource, context=context)
    return decision.effect is Effect.ALLOW


def wrong_about_powers(dice: random.Random) -> str:
    """A policy that is called narrow, and a request that shows otherwise; empty where it is not."""
    document = identity_policy(dice)
    own = f"arn:aws:iam::{ACCOUNT}:role/app"
    if admin_power([document], own, ACCOUNT):
        return ""
    for action, kind in ESCALATIONS.items():
        for witness in spared([document], action, ACCOUNT):
            if witness is None:
                return f"{action}: no resource is spared: {document}"
            for letter in "q~":
                resource = witness.replace("\x00", letter)
                for context in CALLS:
                    if allowed(document, action, resource, context):
                        return f"{action} on {resource} with {context}: {document}"
        if kind == "role" and any(allowed(document, action, own, c) for c in CALLS):
            return f"{action} on the role itself: {document}"
    return ""


def wrong_about_breadth(dice: random.Random) -> str:
    """A policy that is called broad, and a resource that it spares; without what is generous."""
    document = identity_policy(dice)
    for statement in document["Statement"]:
        statement.pop("Condition", None)
    if "${" in str(document):
        return ""
    for action, kind in ESCALATIONS.items():
        if spared([document], action, ACCOUNT) != [None]:
            continue
        for _ in range(3):
            name = "".join(dice.choices(string.ascii_letters + "/-_~", k=dice.randint(1, 4)))
            resource = f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"
            if not allowed(document, action, resource, CALLS[0]):
                return f"{action} spares {resource}: {document}"
    return ""


# ---- trust

PRINCIPALS = (
    *("*", {"AWS": "*"}, {"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
    *({"AWS": FRIEND}, {"AWS": f"arn:aws:iam::{FRIEND}:role/x"}, {"Service": "ec2.amazonaws.com"}),
    *({"AWS": FOREIGN}, {"AWS": f"arn:aws:iam::{FOREIGN}:role/x"}, {"AWS": FOREIGN_ID}),
)
VALUES: Mapping[str, Sequence[str]] = {
    "aws:PrincipalAccount": (ACCOUNT, FRIEND, FOREIGN, "*", "?" * 12, "1111*", "99*", ""),
    "aws:PrincipalArn": (
        *(f"arn:aws:iam::{ACCOUNT}:role/*", f"arn:aws:iam::{FRIEND}:role/x", "arn:*", "*", "?*"),
        *(f"arn:aws:iam::{FOREIGN}:role/x", "arn:aws:iam::*:role/x", f"arn:*{ACCOUNT}:role/x"),
        *(f"arn:*:iam::{ACCOUNT}:*", "arn:aws:iam::????????????:role/*"),
    ),
    "aws:PrincipalOrgID": (OURS, THEIRS, "o-*", "*"),
    "aws:PrincipalOrgPaths": (f"{OURS}/*", f"{THEIRS}/r-1/*", "o-*", "*"),
    "aws:userid": ("?*", "*", f"{FOREIGN_ID}:*", "AROAOURS123456789012:*", "*:mallory", FOREIGN_ID),
    "aws:username": ("mallory", "*"),
    "aws:SourceIp": (
        *("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "192.0.2.0/24", "::/0", "2000::/3", "2000::/4"),
        *("64.0.0.0/2", "0.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"),
    ),
    "aws:PrincipalTag/team": ("red", "*"),
    "sts:ExternalId": ("secret", "*"),
}
OPERATORS = (
    *("StringEquals", "StringLike", "StringNotEquals", "StringEqualsIfExists", "ArnLike"),
    *("ForAllValues:StringEquals", "ForAnyValue:StringLike", "StringEqualsIgnoreCase", "ArnEquals"),
)


def trust_policy(dice: random.Random) -> Document:
    """A trust policy that admits, or seems to admit, only friends."""
    statements = []
    for _ in range(dice.randint(1, 2)):
        everybody = dice.random() < 0.7
        statement: Document = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": dice.choice(PRINCIPALS[:2] if everybody else PRINCIPALS),
        }
        condition: dict[str, dict[str, Any]] = {}
        for _ in range(dice.randint(0, 3)):
            key = dice.choice(list(VALUES))
            operator = "IpAddress" if key == "aws:SourceIp" else dice.choice(OPERATORS)
            condition.setdefault(operator, {})[key] = one_or_many(some(VALUES[key], dice), dice)
        if condition:
            statement["Condition"] = condition
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


def intruders() -> Iterator[tuple[Principal, dict[str, Any]]]:
    """Callers of a foreign account, who choose whatever a caller may choose."""
    arns = [
        f"arn:aws:iam::{FOREIGN}:role/x",
        f"arn:aws:iam::{FOREIGN}:role/y:{ACCOUNT}:role/x",
        f"arn:aws:iam::{FOREIGN}:user/{ACCOUNT}:role/x",
    ]
    for arn in arns:
        for address in ("8.8.8.8", "70.0.0.1", "150.0.0.1", "200.0.0.1", "2600::1"):
            yield (
                Principal.aws(arn, FOREIGN_ID, account=FOREIGN),
                {
                    "aws:PrincipalAccount": FOREIGN,
                    "aws:PrincipalArn": arn,
                    "aws:PrincipalOrgID": THEIRS,
                    "aws:PrincipalOrgPaths": [f"{THEIRS}/r-1/ou-1/"],
                    "aws:userid": f"{FOREIGN_ID}:mallory",
                    "aws:username": "mallory",
                    "aws:SourceIp": address,
                    "aws:PrincipalTag/team": "red",
                    "sts:ExternalId": "secret",
                },
            )


INTRUDERS = tuple(intruders())


def wrong_about_trust(dice: random.Random) -> str:
    """A policy that is said to admit no stranger, and a stranger whom it admits."""
    document = trust_policy(dice)
    if strangers(document, ACCOUNT, (FRIEND,), (OURS,)) or open_providers(document):
        return ""
    for who, context in INTRUDERS:
        decision = evaluate(
            document, principal=who, action="sts:AssumeRole", resource="*", context=context
        )
        if decision.effect is Effect.ALLOW:
            return f"{who.names[0]} from {context['aws:SourceIp']}: {document}"
    return ""


QUESTIONS = (wrong_about_powers, wrong_about_breadth, wrong_about_trust)


def search(number: int, seed: int) -> list[str]:
    """What was found wrong in `number` policies of each kind."""
    found = []
    for question in QUESTIONS:
        dice = random.Random(f"{question.__name__} {seed}")
        for _ in range(number):
            try:
                wrong = question(dice)
            except PolicyError:
                continue
            if wrong:
                found.append(f"{question.__name__}: {wrong}")
    return found


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    wrongs = search(wanted, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print("\n".join(wrongs[:20]))
    print(f"{len(QUESTIONS) * wanted:,} policies, {len(wrongs)} wrong")
    sys.exit(bool(wrongs))
