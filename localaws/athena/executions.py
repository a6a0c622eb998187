"""Queries: started, run beside the caller, stopped, and their results.

The emulator runs a query as DuckDB's, over local copies of whole tables, without projection,
CloudTrail's formats, a limit or the bytes that were read. Here they run as Athena runs them. What
is no query (CREATE EXTERNAL TABLE, SHOW PARTITIONS) is the emulator's.
https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from localaws.iam.needs import usual
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need
from localaws.wire.gap import Need
from localaws.wire.http import Response
from localaws.wire.parts import Json

if TYPE_CHECKING:
    from sqlglot import exp

    from localaws.athena.catalog import CallersCatalog
    from localaws.athena.engine import ResultColumn, ResultSet, Scan

_INVALID = "InvalidRequestException"
_AT_ONCE = 4
_PAGE = 1_000


@dataclass
class Execution:
    """One query, as far as it is; `place` is its account and Region."""

    id: str
    place: tuple[str, str]
    text: str
    tree: exp.Query
    database: str
    workgroup: str
    output: str
    settings: Json
    submitted: datetime
    scan: Scan
    state: str = "QUEUED"
    reason: str = ""
    completed: datetime | None = None
    milliseconds: int = 0
    columns: Sequence[ResultColumn] = ()
    rows: list[Sequence[str | None]] = field(default_factory=list)


class Executions:
    """The queries of all accounts and Regions, by id, and a few places to run them in."""

    def __init__(self) -> None:
        self.by_id: dict[str, Execution] = {}
        self.by_token: dict[tuple[str, str, str], str] = {}
        self.places = threading.Semaphore(_AT_ONCE)


@usual("athena")
def _usual(call: Call) -> Iterable[Need]:
    """A query's calls are about its workgroup.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html
    """
    found = _known(call)
    name = found.workgroup if found is not None else call.parameters.get("WorkGroup") or "primary"
    arn = f"arn:{call.partition}:athena:{call.region}:{call.account}:workgroup/{name}"
    yield Need(f"athena:{call.operation}", arn)


@gap.answers("athena", "StartQueryExecution", alone=True)
def _start(call: Call) -> Response | Json:
    # DuckDB and sqlglot take a while to load: who asks nothing does not wait for them.
    from localaws.athena import sql
    from localaws.athena.engine import Scan

    p = call.parameters
    try:
        tree = sql.parse(str(p["QueryString"]))
        if tree is not None:
            tree = sql.filled(tree, p.get("ExecutionParameters") or ())
    except sql.SqlError as error:
        raise RefusalError(_INVALID, str(error)) from None
    if tree is None:
        return call.forward()
    name = p.get("WorkGroup") or "primary"
    workgroup = _workgroup(call, name)
    settings = workgroup.get("Configuration") or {}
    result = _result(settings, p.get("ResultConfiguration") or {})
    output = result.get("OutputLocation")
    need(
        output,
        _INVALID,
        "No output location provided. You did not provide an output location for your query "
        "results. Please provide one either through the Workgroup result configuration setting or "
        "as an API input.",
    )
    kept = call.kept(Executions)
    token = (call.account, call.region, str(p.get("ClientRequestToken") or uuid.uuid4()))
    if token in kept.by_token:
        return {"QueryExecutionId": kept.by_token[token]}
    execution = Execution(
        id=str(uuid.uuid4()),
        place=(call.account, call.region),
        text=p["QueryString"],
        tree=tree,
        database=(p.get("QueryExecutionContext") or {}).get("Database") or "default",
        workgroup=name,
        output=f"{str(output).rstrip('/')}/",
        settings=result,
        submitted=call.parts.clock.now(),
        scan=Scan(most=settings.get("BytesScannedCutoffPerQuery")),
    )
    kept.by_id[execution.id] = execution
    kept.by_token[token] = execution.id
    threading.Thread(
        target=_run, args=(call, execution, kept), name=f"athena-{execution.id}", daemon=True
    ).start()
    return {"QueryExecutionId": execution.id}


def _workgroup(call: Call, name: str) -> Json:
    try:
        found: Json = call.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
    except ClientError:
        raise RefusalError(_INVALID, "WorkGroup is not found.") from None
    need(found.get("State") != "DISABLED", _INVALID, f"WorkGroup {name} is disabled.")
    return found


def _result(settings: Json, given: Json) -> Json:
    """Where results go, and how they are encrypted: the workgroup's word first, if it is enforced.

    https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
    """
    own = settings.get("ResultConfiguration") or {}
    return own if settings.get("EnforceWorkGroupConfiguration", True) and own else {**own, **given}


@gap.answers("athena", "StopQueryExecution", alone=True)
def _stop(call: Call) -> Response | Json:
    execution = _known(call)
    if execution is None:
        return call.forward()
    execution.scan.stop.set()
    return {}


@gap.answers("athena", "GetQueryExecution", alone=True)
def _get(call: Call) -> Response | Json:
    execution = _known(call)
    return call.forward() if execution is None else {"QueryExecution": _told(execution)}


@gap.answers("athena", "BatchGetQueryExecution", alone=True)
def _get_several(call: Call) -> Json:
    kept = {each.id: each for each in _here(call)}
    ids = [str(each) for each in call.parameters["QueryExecutionIds"]]
    return {
        "QueryExecutions": [_told(kept[each]) for each in ids if each in kept],
        "UnprocessedQueryExecutionIds": [
            {"QueryExecutionId": each, "ErrorCode": _INVALID, "ErrorMessage": _unknown(each)}
            for each in ids
            if each not in kept
        ],
    }


@gap.answers("athena", "ListQueryExecutions", alone=True)
def _list(call: Call) -> Json:
    name = call.parameters.get("WorkGroup") or "primary"
    found = [each for each in _here(call) if each.workgroup == name]
    found.sort(key=lambda each: each.submitted, reverse=True)
    return {"QueryExecutionIds": [each.id for each in found]}


@gap.answers("athena", "GetQueryResults", alone=True)
def _results(call: Call) -> Response | Json:
    execution = _known(call)
    if execution is None:
        return call.forward()
    need(
        execution.state not in ("QUEUED", "RUNNING"),
        _INVALID,
        f"Query has not yet finished. Current state: {execution.state}",
    )
    need(
        execution.state == "SUCCEEDED",
        _INVALID,
        f"Query did not finish successfully. Final query state: {execution.state}",
    )
    p = call.parameters
    begin, most = int(p.get("NextToken") or 0), int(p.get("MaxResults") or _PAGE)
    need(1 <= most <= _PAGE, _INVALID, f"MaxResults is more than maximum allowed length {_PAGE}.")
    # The head is the first row of the first page.
    rows: list[Sequence[str | None]] = [[c.name for c in execution.columns], *execution.rows]
    page = rows[begin : begin + most]
    answer: Json = {
        "UpdateCount": 0,
        "ResultSet": {
            "Rows": [
                {"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in page
            ],
            "ResultSetMetadata": {"ColumnInfo": [_column(c) for c in execution.columns]},
        },
    }
    if begin + most < len(rows):
        answer["NextToken"] = str(begin + most)
    return answer


def _column(column: ResultColumn) -> Json:
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column.name,
        "Label": column.name,
        "Type": column.type,
        "Precision": 2147483647 if column.type == "varchar" else 0,
        "Scale": 0,
        "Nullable": "UNKNOWN",
        "CaseSensitive": column.type == "varchar",
    }


def _here(call: Call) -> list[Execution]:
    place = (call.account, call.region)
    return [each for each in call.kept(Executions).by_id.values() if each.place == place]


def _known(call: Call) -> Execution | None:
    asked = str(call.parameters.get("QueryExecutionId"))
    return next((each for each in _here(call) if each.id == asked), None)


def _unknown(id_: str) -> str:
    return f"QueryExecution {id_} was not found"


def _told(execution: Execution) -> Json:
    status: Json = {"State": execution.state, "SubmissionDateTime": execution.submitted}
    if execution.reason:
        status["StateChangeReason"] = execution.reason
    if execution.completed is not None:
        status["CompletionDateTime"] = execution.completed
    if execution.state == "FAILED":
        # https://docs.aws.amazon.com/athena/latest/ug/error-reference.html: 2 is the user's
        status["AthenaError"] = {
            "ErrorCategory": 2,
            "ErrorType": 1,
            "Retryable": False,
            "ErrorMessage": execution.reason,
        }
    return {
        "QueryExecutionId": execution.id,
        "Query": execution.text,
        "StatementType": "DML",
        "ResultConfiguration": {
            **execution.settings,
            "OutputLocation": f"{execution.output}{execution.id}.csv",
        },
        "QueryExecutionContext": {"Database": execution.database},
        "Status": status,
        "Statistics": {
            "DataScannedInBytes": execution.scan.scanned,
            "EngineExecutionTimeInMillis": execution.milliseconds,
            "TotalExecutionTimeInMillis": execution.milliseconds,
        },
        "WorkGroup": execution.workgroup,
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
    }


# ---- a query's own thread


def _run(call: Call, execution: Execution, kept: Executions) -> None:
    from localaws.athena.catalog import CallersCatalog
    from localaws.athena.engine import QueryError, StoppedError, run

    with kept.places:
        begun = time.monotonic()
        execution.state = "RUNNING"
        state, reason = "SUCCEEDED", ""

        def done(answer: ResultSet) -> None:
            execution.columns = answer.columns
            execution.rows = list(answer.rows)

        try:
            source = CallersCatalog(call)
            run(execution.tree, execution.database, source, execution.scan,
                call.parts.clock.now(), done)  # fmt: skip
            _store(execution, source)
        except StoppedError as stopped:
            state, reason = "CANCELLED", str(stopped)
        except QueryError as error:
            state, reason = "FAILED", str(error)
        except Exception as error:
            state, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: {error}"
        execution.milliseconds = int((time.monotonic() - begun) * 1_000)
        execution.completed = call.parts.clock.now()
        execution.reason = reason
        execution.state = state


def _store(execution: Execution, source: CallersCatalog) -> None:
    """The result as Athena writes it: all values in quotes, null without them, and a file beside.

    https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
    """
    rows = [[column.name for column in execution.columns], *execution.rows]
    text = "".join(f"{','.join(map(_quoted, row))}\n" for row in rows)
    encryption = execution.settings.get("EncryptionConfiguration") or {}
    asked: Json = {}
    if encryption.get("EncryptionOption") == "SSE_S3":
        asked = {"ServerSideEncryption": "AES256"}
    elif encryption.get("EncryptionOption"):
        asked = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption["KmsKey"]}
    bucket, _, prefix = execution.output.removeprefix("s3://").partition("/")
    key = f"{prefix}{execution.id}.csv"
    source.write(bucket, key, text.encode(), asked)
    # AWS's own is binary, and of no documented format.
    columns = json.dumps([column._asdict() for column in execution.columns]).encode()
    source.write(bucket, f"{key}.metadata", columns, asked)


def _quoted(value: str | None) -> str:
    return "" if value is None else '"{}"'.format(value.replace('"', '""'))
