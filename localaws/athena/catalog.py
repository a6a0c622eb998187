"""Glue's catalog and S3, as a query reads them: in the name of whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from localaws.athena.engine import Catalog, Object, QueryError
from localaws.athena.tables import GlueTable, Partition, from_glue
from localaws.iam.authorize import ensure
from localaws.s3.buckets import Buckets
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError
from localaws.wire.gap import Need
from localaws.wire.parts import Json

# Athena leaves out what it would have to restore, and what has the name of a hidden file.
# https://docs.aws.amazon.com/athena/latest/ug/querying-glacier.html
_COLD = frozenset({"GLACIER", "DEEP_ARCHIVE"})
# Above, what holds all partitions is listed once.
_LISTED_ALONE = 20


class CallersCatalog(Catalog):
    """Glue's catalog and S3, asked in the caller's name: what the caller may not, the query can't.

    https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        where = f"arn:{call.partition}:glue:{call.region}:{call.account}"
        self._glue_arns = (f"{where}:catalog", f"{where}:database/", f"{where}:table/")

    def table(self, database: str, name: str) -> GlueTable | None:
        self._may_glue("glue:GetTable", database, name)
        try:
            found = self._call.client("glue").get_table(DatabaseName=database, Name=name)
        except ClientError:
            return None
        return from_glue(found["Table"])

    def stored(self, table: GlueTable) -> Sequence[Mapping[str, Any]]:
        self._may_glue("glue:GetPartitions", table.database, table.name)
        pages = self._call.client("glue").get_paginator("get_partitions")
        asked = pages.paginate(DatabaseName=table.database, TableName=table.name)
        return [each for page in asked for each in page["Partitions"]]

    def objects(self, partitions: Sequence[Partition]) -> Iterator[Object]:
        by_folder: dict[str, list[Partition]] = {}
        for each in partitions:
            by_folder.setdefault(each.location.removeprefix("s3://"), []).append(each)
        for folder in _listings(list(by_folder)):
            bucket, _, prefix = folder.partition("/")
            self._may("s3:ListBucket", "ListObjectsV2", {"Bucket": bucket}, {"s3:prefix": prefix})
            try:
                pages = self._s3(bucket).get_paginator("list_objects_v2")
                for page in pages.paginate(Bucket=bucket, Prefix=prefix):
                    for entry in page.get("Contents", ()):
                        yield from _held(bucket, entry, by_folder)
            except ClientError as error:
                raise QueryError(f"PERMISSION_DENIED: {bucket}/{prefix}: {error}") from None

    def read(self, each: Object) -> bytes:
        bucket, key = each.bucket, each.key
        self._may("s3:GetObject", "GetObject", {"Bucket": bucket, "Key": key}, {})
        try:
            found: bytes = self._s3(bucket).get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise QueryError(f"HIVE_CURSOR_ERROR: s3://{bucket}/{key}: {error}") from None
        return found

    def write(self, bucket: str, key: str, data: bytes, encryption: Json) -> None:
        """Store a result."""
        asked = {"Bucket": bucket, "Key": key, **encryption}
        self._may("s3:PutObject", "PutObject", asked, {})
        try:
            self._s3(bucket).put_object(**asked, Body=data)
        except ClientError as error:
            raise QueryError(
                f"Access denied when writing output to url: s3://{bucket}/{key}. Please ensure you "
                f"are allowed to access the S3 bucket. ({error})"
            ) from None

    def _s3(self, bucket: str) -> Any:
        return self._call.client("s3", self._call.kept(Buckets).owners.get(bucket))

    def _may_glue(self, action: str, database: str, table: str) -> None:
        catalog, databases, tables = self._glue_arns
        for arn in (catalog, f"{databases}{database}", f"{tables}{database}/{table}"):
            self._ensured(self._call, [Need(action, arn)])

    def _may(self, action: str, operation: str, asked: Json, more: Json) -> None:
        """Raise QueryError unless the caller may do what Athena does in the caller's name."""
        if self._call.identity.type == "Root":
            return
        key = f"/{asked['Key']}" if "Key" in asked else ""
        arn = f"arn:{self._call.partition}:s3:::{asked['Bucket']}{key}"
        model = self._call.client("s3").meta.service_model.operation_model(operation)
        inner = replace(self._call, service="s3", model=model)
        inner.__dict__["parameters"] = asked
        self._ensured(inner, [Need(action, arn, more)])
        needing = gap.needs_of(inner)
        if needing is not None:
            self._ensured(inner, needing.needs(inner))

    def _ensured(self, call: Call, needs: Iterable[Need]) -> None:
        try:
            ensure(call, needs)
        except RefusalError as refusal:
            raise QueryError(
                f"Insufficient permissions to execute the query. {refusal.message}"
            ) from None


def _listings(folders: Sequence[str]) -> Sequence[str]:
    """What to list, so that all folders are: each, or what they have in common."""
    if len(folders) <= _LISTED_ALONE:
        return folders
    buckets: dict[str, list[str]] = {}
    for folder in folders:
        buckets.setdefault(folder.partition("/")[0], []).append(folder)
    common = []
    for bucket, some in buckets.items():
        low, high = min(some), max(some)
        same = next(
            (n for n, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low)
        )
        prefix = low[:same].rpartition("/")[0]
        common.append(f"{prefix}/" if prefix else f"{bucket}/")
    return common


def _held(bucket: str, entry: Json, by_folder: Mapping[str, list[Partition]]) -> Iterator[Object]:
    """An object of a listing, once for each partition that it is in."""
    key = str(entry["Key"])
    folder, _, name = f"{bucket}/{key}".rpartition("/")
    if not name or name.startswith(("_", ".")) or entry.get("StorageClass") in _COLD:
        return
    while True:
        for partition in by_folder.get(f"{folder}/", ()):
            yield Object(bucket, key, int(entry["Size"]), partition)
        if "/" not in folder:
            return
        folder = folder.rpartition("/")[0]
