"""Error answers: as the client sees them, and as the layer refuses a call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error answer as the client saw it: AWS's code (`AccessDenied`), sentence, HTTP status."""

    code: str
    message: str
    status: int


class RefusalError(Exception):
    """A refusal as AWS words it: error code, sentence and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def need(condition: object, code: str, message: str, status: int = 400) -> None:
    """Refuse the call, in AWS's words, where the condition does not hold."""
    if not condition:
        raise RefusalError(code, message, status)
