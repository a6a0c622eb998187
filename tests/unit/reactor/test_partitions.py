"""Partitions by a Region's name; botocore's own data is the judge."""

from __future__ import annotations

import botocore.session
import pytest
from reactor.partitions import PARTITIONS, partition_of

pytestmark = pytest.mark.unit


def test_every_region_of_botocore_s_is_of_its_partition() -> None:
    session = botocore.session.get_session()
    of = {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("s3", partition)
    }
    assert len(of) > 30
    assert {region: partition_of(region) for region in of} == of


def test_every_partition_but_aws_has_its_beginning() -> None:
    known = {*botocore.session.get_session().get_available_partitions()}
    assert known == {"aws", *PARTITIONS.values()}
