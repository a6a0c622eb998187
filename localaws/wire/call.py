"""One API call, from the door to its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

from botocore.model import OperationModel

from localaws.wire import codec
from localaws.wire.errors import ApiError, RefusalError
from localaws.wire.http import Request, Response
from localaws.wire.identity import Identity
from localaws.wire.parts import Json, Parts

_T = TypeVar("_T")
NOBODY = Identity(type="Unknown", account="")
_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature says: the access key, the Region and the service's signing name."""

    access_key: str
    region: str
    signing_name: str


@dataclass
class Call:
    """A recognised call, filled in by each handler of the chain.

    `service` is botocore's service name (`ec2`, `s3`, `events`), `model` the operation's; `region`
    is the Region that was called, `account` the account whose resources it touches.
    """

    request: Request
    parts: Parts = field(repr=False)
    scope: Scope
    service: str
    model: OperationModel = field(repr=False)
    protocol: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    form: tuple[tuple[str, str], ...] = ()
    identity: Identity = NOBODY
    """Who calls: `identify` says."""

    trails: tuple[Any, ...] = ()
    """The trails that log in the account when the call comes or ends: `watch` and `record` say."""

    refusal: RefusalError | None = None
    """Why it is refused before anybody answers: `check` and `authorize` say."""

    response: Response = field(default_factory=lambda: Response(500), repr=False)
    """What the client is told: `answer` says."""

    time: datetime = _NEVER
    request_id: str = ""
    """When it was answered, and the id that the client was told: `record` says."""

    @property
    def operation(self) -> str:
        """The API's name: `RunInstances`."""
        return str(self.model.name)

    @property
    def key(self) -> tuple[str, str]:
        """Service and operation, by botocore's names."""
        return self.service, self.operation

    @property
    def account(self) -> str:
        return self.identity.account

    @property
    def region(self) -> str:
        return self.scope.region

    @property
    def source_ip(self) -> str:
        return self.request.client[0]

    @property
    def user_agent(self) -> str:
        return self.request.fields.get("user-agent", "")

    @property
    def host(self) -> str:
        return self.request.fields.get("host", "")

    @cached_property
    def parameters(self) -> Json:
        """The request's members by botocore's names; empty where the body cannot be read."""
        return codec.decode_request(
            self.model, self.protocol, self.request, self.path_parameters, self.form
        )

    @cached_property
    def outcome(self) -> tuple[Json | None, ApiError | None]:
        """What the answer says: (members, None) on success, (None, error) on failure."""
        return codec.decode_answer(self.model, self.protocol, self.response)

    @property
    def result(self) -> Json | None:
        return self.outcome[0]

    @property
    def error(self) -> ApiError | None:
        return self.outcome[1]

    # --- what a gap asks for: all of it blocks, none of it may run on the event loop --------------

    def forward(self) -> Response:
        """The emulator's own answer."""
        return self.parts.aws.ask(self.request)

    def decoded(self, response: Response) -> Json:
        """The members of an answer of the emulator; empty for a refusal."""
        return codec.decode_answer(self.model, self.protocol, response)[0] or {}

    def client(self, service: str, account: str | None = None, region: str | None = None) -> Any:
        """A client with root's rights, of the caller's account and Region unless given."""
        return self.parts.aws.client(service, account or self.account, region or self.region)

    def of(self, kind: type[_T]) -> _T:
        """A part of the local AWS by its type: `call.of(Permissions)`."""
        return self.parts.of(kind)

    def kept(self, kind: type[_T]) -> _T:
        """What a service keeps because the emulator does not: `call.kept(Buckets)`."""
        return self.parts.kept(kind)
