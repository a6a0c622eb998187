"""An account of its own for every test, on the session's local AWS."""

from __future__ import annotations

import uuid

import pytest

from tests.e2e.strict.support import Account
from tests.harness.local_aws import LocalAws


@pytest.fixture
def account(local_aws: LocalAws) -> Account:
    return new_account(local_aws)


@pytest.fixture
def other(local_aws: LocalAws) -> Account:
    """A second account."""
    return new_account(local_aws)


def new_account(aws: LocalAws) -> Account:
    return Account(aws, f"{uuid.uuid4().int % 10**11 + 10**11:012}")
