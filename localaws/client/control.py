"""How programs talk to the local AWS that runs: its own endpoints under `/_local/`."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from localaws.client.environment import TOKEN_HEADER
from localaws.client.token import find_token
from localaws.errors import LocalAwsError, NotRunningError


class Control:
    """The endpoints of the local AWS on a port of the loopback.

    `token` is the one that it printed; without it, it is looked up. Every method raises
    NotRunningError where none answers there, and LocalAwsError with its sentence where it refuses.
    """

    def __init__(self, port: int, token: str = "") -> None:
        self.port = port
        self.token = token or find_token(port)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, what: str, timeout: float = 30.0) -> Any:
        return self._ask("GET", what, None, timeout)

    def post(self, what: str, body: Any = None, timeout: float = 120.0) -> Any:
        return self._ask("POST", what, json.dumps(body).encode(), timeout)

    def _ask(self, method: str, what: str, body: bytes | None, timeout: float) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_local/{what}",
            method=method,
            data=body,
            headers={"content-type": "application/json", TOKEN_HEADER: self.token},
        )
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise LocalAwsError(_sentence(error)) from None
        except (urllib.error.URLError, OSError, ValueError):
            raise NotRunningError(f"no local AWS answers on port {self.port}") from None


def _sentence(error: urllib.error.HTTPError) -> str:
    try:
        said = json.load(error)
        return str(said.get("error") or said["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the local AWS answers {error.code}: is it of another version?"
