"""A question to Athena about a CloudTrail log, and its answer: which files may hold matches.

A table keeps less of a record than its file does: unknown members of `userIdentity` are gone, null
and absent are one, numbers and booleans are texts. So the query's rows name files and hold no
records, and the rules decide on the records of these files, as they do without Athena. The query
never leaves out a file that holds a match; so the answer is the same as over all files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

# How the log lies in a table. `cloudtrail`: a record a row, in the columns that AWS documents, or
# some of them; a column of text may hold an object as JSON. `json`: a log file a row, its records
# as JSON in the column `records`, as OpenX's SerDe reads them; a row may have 32 MB.
# https://docs.aws.amazon.com/athena/latest/ug/other-notable-limitations.html
Layout: TypeAlias = Literal["cloudtrail", "json"]

# https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html
CLOUDTRAIL_COLUMNS: Mapping[str, str] = {
    "eventversion": "string",
    "useridentity": (
        "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,"
        "accesskeyid:string,username:string,onbehalfof:struct<userid:string,"
        "identitystorearn:string>,sessioncontext:struct<attributes:struct<mfaauthenticated:string,"
        "creationdate:string>,sessionissuer:struct<type:string,principalid:string,arn:string,"
        "accountid:string,username:string>,ec2roledelivery:string,webidfederationdata:struct<"
        "federatedprovider:string,attributes:map<string,string>>>>"
    ),
    "eventtime": "string",
    "eventsource": "string",
    "eventname": "string",
    "awsregion": "string",
    "sourceipaddress": "string",
    "useragent": "string",
    "errorcode": "string",
    "errormessage": "string",
    "requestparameters": "string",
    "responseelements": "string",
    "additionaleventdata": "string",
    "requestid": "string",
    "eventid": "string",
    "readonly": "string",
    "resources": "array<struct<arn:string,accountid:string,type:string>>",
    "eventtype": "string",
    "apiversion": "string",
    "recipientaccountid": "string",
    "serviceeventdetails": "string",
    "sharedeventid": "string",
    "vpcendpointid": "string",
    "vpcendpointaccountid": "string",
    "eventcategory": "string",
    "addendum": (
        "struct<reason:string,updatedfields:string,originalrequestid:string,originaleventid:string>"
    ),
    "sessioncredentialfromconsole": "string",
    "edgedevicedetails": "string",
    "tlsdetails": ("struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>"),
}
JSON_COLUMNS: Mapping[str, str] = {"records": "array<string>"}


@dataclass(frozen=True)
class Table:
    """A table of Glue's over a log.

    `columns` maps their names to Hive's types, without those that partition. `account`, `region`
    and `day` are the names of the columns that partition, None where the table has none; days are
    written as CloudTrail's keys write them, 2026/03/02.
    """

    database: str
    name: str
    columns: Mapping[str, str] = field(default_factory=lambda: CLOUDTRAIL_COLUMNS)
    account: str | None = "account"
    region: str | None = "region"
    day: str | None = "day"

    @property
    def layout(self) -> Layout:
        """How the log lies in it."""
        return "json" if "records" in self.columns else "cloudtrail"


class EventSpan(NamedTuple):
    """Times as CloudTrail writes them: from the first, and before the second; empty is no bound."""

    begin: str = ""
    end: str = ""


@dataclass(frozen=True)
class Question:
    """One query in Trino's SQL for all rules.

    `exact` tells for each rule whether the SQL alone decides it, for records as CloudTrail writes
    them. `conditions` are the rules by themselves, each true for every row of `source`, a FROM
    clause, that the rule may match. `coarse` are the rules whose condition was cut down to fields
    that sort records into kinds, since Athena takes 262,144 bytes.
    """

    sql: str
    exact: Mapping[str, bool]
    conditions: Mapping[str, str]
    source: str
    coarse: tuple[str, ...] = ()

    # The columns of the query's result, in their order; all are text in Athena's CSV.
    columns: tuple[str, ...] = ("path", "events", "earliest", "latest")


class FoundFile(NamedTuple):
    """A row of the answer: so many records of the span in a file may match.

    `path` is the file's address, `s3://...`, and None for the one row that sums up all records that
    no rule matches. `earliest` and `latest` are times as CloudTrail writes them.
    """

    path: str | None
    events: int
    earliest: str
    latest: str


def read_rows(rows: Iterable[Sequence[str | None]]) -> Iterator[FoundFile]:
    """The rows of a result, in the order of `Question.columns`, without its head.

    The sum of `events` is the number of records in the span.
    """
    for path, events, earliest, latest in rows:
        yield FoundFile(path or None, int(events or 0), earliest or "", latest or "")
