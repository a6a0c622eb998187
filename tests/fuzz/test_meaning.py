"""Policies of any shape have a meaning; what is called narrow, IAM's rules call narrow, too."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactor.meaning.admits import open_providers, strangers
from reactor.meaning.powers import ESCALATIONS, admin_power, denies_everything, spared

from tests.attacks.policies import (
    ACCOUNT,
    wrong_about_breadth,
    wrong_about_powers,
    wrong_about_trust,
)
from tests.unit.reactor.fuzz import JSON, odd

pytestmark = pytest.mark.unit

POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["iam:Put*", "s3:Get?bject"],
            "Resource": [f"arn:aws:iam::{ACCOUNT}:role/a*", "arn:aws:s3:::*/${aws:username}"],
            "Condition": {"StringLike": {"iam:PermissionsBoundary": ["arn:aws:iam::*:policy/b"]}},
        },
        {
            "Effect": "Allow",
            "Principal": {"AWS": ["*", "arn:aws:iam::999988887777:root"], "Federated": "x"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "2001:db8::/32"]},
                "StringEquals": {"aws:PrincipalOrgID": "o-1"},
            },
        },
        {"Effect": "Deny", "NotAction": "*", "NotResource": ["*"]},
    ],
}


@given(st.one_of(odd(POLICY), st.dictionaries(st.text(max_size=9), JSON, max_size=3)))
def test_any_document_has_a_meaning(document: Any) -> None:
    whole = document if isinstance(document, dict) else {"Statement": document}
    assert isinstance(admin_power([whole], f"arn:aws:iam::{ACCOUNT}:role/a", ACCOUNT), str)
    assert isinstance(denies_everything(whole), bool)
    assert isinstance(strangers(whole, ACCOUNT, ("999988887777",), ("o-1",)), list)
    assert isinstance(open_providers(whole), list)
    for action in ESCALATIONS:
        spared([whole], action, ACCOUNT)


@given(st.integers(0, 2**63))
def test_narrow_is_narrow(seed: int) -> None:
    dice = random.Random(seed)
    assert not wrong_about_powers(dice)
    assert not wrong_about_breadth(dice)
    assert not wrong_about_trust(dice)
