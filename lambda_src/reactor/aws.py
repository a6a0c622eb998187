"""AWS clients: one session, each client made on first use, nothing loaded before that."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reactor.retry import Clock, error_code, with_retries

if TYPE_CHECKING:
    from botocore.session import Session


class Aws:
    """Clients for one invocation environment, in the function's own Region unless told otherwise.

    The clients are those that `boto3.client` would return. They come from botocore's session
    directly, so that a cold start does not load the parts of boto3 that no reaction uses
    (resources, S3 transfers). `credentials` are those of an assumed role, as STS gives them;
    without them, the function's own are used. `clock` is the running invocation's.
    """

    def __init__(
        self, region: str | None = None, credentials: Mapping[str, Any] | None = None
    ) -> None:
        self.clock = Clock(None)
        self._region = region
        self._credentials = credentials
        self._session: Session | None = None
        self._clients: dict[tuple[str, str | None], Any] = {}

    def client(self, service: str, region: str | None = None) -> Any:
        """The client of a service (`ec2`), of another Region where one is given."""
        key = (service, region or self._region)
        if key not in self._clients:
            self._clients[key] = self._make(*key)
        return self._clients[key]

    def read(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        not_yet: tuple[str, ...] = (),
        none_on: tuple[str, ...] = (),
        region: str | None = None,
    ) -> Any:
        """The answer of a call, for plans that look at the state before they decide.

        The call is tried again on throttling and on the codes of `not_yet`. The answer is None
        where AWS answers with one of the codes of `none_on` ("there is no such thing"). Other
        errors are raised.
        """
        call = getattr(self.client(service, region), operation)
        try:
            return with_retries(lambda: call(**parameters), self.clock, not_yet)
        except Exception as error:
            if error_code(error) in none_on:
                return None
            raise

    def _make(self, service: str, region: str | None) -> Any:
        # A service's model has very many objects, and all of them stay. The garbage collector would
        # walk them again and again while they load: an eighth of the time of a cold start.
        collecting = gc.isenabled()
        gc.disable()
        try:
            from botocore.config import Config
            from botocore.session import get_session

            if self._session is None:
                self._session = get_session()
            # Short limits: one call that hangs must leave time for the others and the alert.
            config = Config(
                connect_timeout=3,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 3},
            )
            keys = {}
            if self._credentials is not None:
                keys = {
                    "aws_access_key_id": self._credentials["AccessKeyId"],
                    "aws_secret_access_key": self._credentials["SecretAccessKey"],
                    "aws_session_token": self._credentials["SessionToken"],
                }
            return self._session.create_client(service, region_name=region, config=config, **keys)
        finally:
            if collecting:
                gc.enable()
