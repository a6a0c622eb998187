"""Clients: one session, each made once, on first use."""

from __future__ import annotations

import gc
from unittest.mock import patch

import pytest
from botocore.session import Session
from reactor.aws import Aws

pytestmark = pytest.mark.unit


@pytest.mark.usefixtures("aws")
def test_one_session_and_each_client_once() -> None:
    sessions: list[Session] = []
    original = Session.__init__

    def made(self: Session, *arguments: object, **named: object) -> None:
        sessions.append(self)
        original(self, *arguments, **named)  # type: ignore[arg-type]

    with patch.object(Session, "__init__", made):
        aws = Aws("eu-west-1")
        assert sessions == []
        first = aws.client("sns")
        assert aws.client("sns") is aws.client("sns", "eu-west-1") is first
        other = aws.client("sns", "us-east-1")
        assert aws.client("sqs").meta.service_model.service_name == "sqs"
    assert len(sessions) == 1
    assert first.meta.region_name == "eu-west-1"
    assert other.meta.region_name == "us-east-1"
    assert first.meta.config.read_timeout == 10


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("collecting", [True, False])
def test_the_collector_is_left_as_it_was(collecting: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        Aws("eu-west-1").client("sns")
        assert gc.isenabled() is collecting
        with pytest.raises(Exception, match="nonsense"):
            Aws("eu-west-1").client("nonsense")
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()
