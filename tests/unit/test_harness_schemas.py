"""Which schemas the pass-through before the provider leaves in its answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.local_aws import REPOSITORY
from tests.harness.schemas import shortened, types_in, types_used

pytestmark = pytest.mark.unit


def field(number: int, content: bytes) -> bytes:
    """A field with its size, as protobuf writes it; sizes below 16,384."""
    size = len(content)
    sizes = bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
    return bytes([number << 3 | 2]) + sizes + content


def entry(number: int, key: str, schema: bytes = b"schema") -> bytes:
    return field(number, field(1, key.encode()) + field(2, schema))


LONG = b"x" * 5000
PROVIDER, CAPABILITIES, FUNCTION = field(1, LONG), field(6, b"\x10\x01"), entry(7, "arn_parse")


def test_types_that_nobody_uses_are_left_out_and_all_else_stays() -> None:
    kinds = (2, 3, 8, 9, 11)
    used = [entry(kind, "aws_sqs_queue", LONG) for kind in kinds]
    unused = [entry(kind, "aws_sqs_queue_policy", LONG) for kind in kinds]
    answer = b"".join([PROVIDER, *used, *unused, CAPABILITIES, FUNCTION])
    expected = b"".join([PROVIDER, *used, CAPABILITIES, FUNCTION])
    assert shortened(answer, frozenset({"aws_sqs_queue"})) == expected


def test_an_answer_of_another_form_is_not_passed_on_as_if_it_were_understood() -> None:
    with pytest.raises(ValueError, match="field 4 of GetProviderSchema has wire type 0"):
        shortened(PROVIDER + bytes([4 << 3, 1]), frozenset())


def test_types_are_found_wherever_they_are_named() -> None:
    text = 'resource "aws_sqs_queue" "a" {}\ndata "aws_region" "b" {}\n# not paws_up'
    assert types_in([text, "aws_kms_key.this.arn"]) == {
        "aws_kms_key",
        "aws_region",
        "aws_sqs_queue",
    }
    used = types_used(REPOSITORY)
    assert {"aws_cloudtrail", "aws_caller_identity", "aws_sqs_queue"} <= used


def test_environments_and_caches_name_no_types(tmp_path: Path) -> None:
    for name in ("modules/a/main.tf", "modules/a/.terraform/modules/b/main.tf"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(f"aws_{len(path.parts) - len(tmp_path.parts)}")
    assert types_used(tmp_path) == {"aws_3"}
