"""The ledger, in DynamoDB: it remembers what was done, so that nothing is done twice or too often.

Idempotency is Powertools' own: an item is written before an action, completed after it and deleted
when it failed. Its module is imported only where it is used, since its import takes longer than all
of ours. https://docs.aws.amazon.com/powertools/python/latest/utilities/idempotency/
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
)

from reactor.correlation import Gathered, mark
from reactor.retry import error_code
from reactor.wording import several

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from reactor.aws import Aws
    from reactor.retry import Clock

_DAY = 86_400
_PAUSE = 0.5
_LONGEST = 1024  # characters of a key


class LedgerError(Exception):
    """The ledger can't be read or written; `acted` tells whether the action was taken already.

    Without the ledger the reaction does nothing: Lambda tries the event again, then keeps it.
    """

    def __init__(self, message: str, *, acted: bool = False) -> None:
        super().__init__(message)
        self.acted = acted


class BudgetSpentError(Exception):
    """Too little is left of the hour's actions; `left` is how many there are."""

    def __init__(self, left: int) -> None:
        super().__init__(several(left, "action is", "actions are") + " left in this hour")
        self.left = left


class Ledger:
    """One reaction's view of the table, whose only key is the text `id` and whose TTL attribute is
    `expiration`.
    """

    def __init__(self, table: str, name: str, days: int, aws: Aws) -> None:
        self._table = table
        self._name = name
        self._seconds = days * _DAY
        self._aws = aws
        self._store = DynamoDBPersistenceLayer(
            table_name=table, boto3_client=aws.client("dynamodb")
        )

    def once(
        self, key: Sequence[str], call: Callable[[], Mapping[str, Any] | None], clock: Clock
    ) -> tuple[Any, bool]:
        """The call's result, and True if it is an earlier run's, since the key was seen before.

        Waits while another run works on the same key. Raises LedgerError, and what the call raises.
        """
        acted = False

        def once(*, key: list[str]) -> Any:
            nonlocal acted
            del key
            result = call()
            acted = True
            return result

        once.__qualname__ = "once"  # a part of the item's id: it must stay the same
        config = IdempotencyConfig(expires_after_seconds=self._seconds, hash_function="sha256")
        config.register_lambda_context(cast("LambdaContext", clock))  # a run that dies lets go
        guarded: Callable[..., Any] = idempotent_function(
            once,
            data_keyword_argument="key",
            persistence_store=self._store,
            config=config,
        )
        give_up = clock.left() / 2
        while True:
            try:
                result = guarded(key=[self._name, *key])
            except IdempotencyAlreadyInProgressError:
                if clock.left() - _PAUSE < give_up:
                    raise LedgerError(
                        f"another run has been at it for too long, says the ledger {self._table}"
                    ) from None
                clock.sleep(_PAUSE)
            except IdempotencyPersistenceLayerError as error:
                cause = error.__cause__ or error
                raise LedgerError(
                    f"the ledger {self._table} failed ({error_code(cause) or cause})", acted=acted
                ) from error
            else:
                return result, not acted

    def spend(self, number: int, limit: int, whose: str = "") -> None:
        """Takes from this hour's budget; raises BudgetSpentError if less is left.

        `whose` names a budget of its own, beside the one for all.
        """
        values = {":n": {"N": str(number)}, ":most": {"N": str(limit - number)}, ":end": _end()}
        if number <= limit:
            try:
                self._update(
                    *self._hour(whose),
                    "ADD taken :n SET expiration = :end",
                    values,
                    ConditionExpression="attribute_not_exists(taken) OR taken <= :most",
                )
            except Exception as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise _failed(self._table, error) from error
            else:
                return
        raise BudgetSpentError(max(0, limit - self._number(*self._hour(whose))))

    def give_back(self, number: int, whose: str = "") -> None:
        """Gives back what was taken from the budget for actions that failed."""
        self._update(*self._hour(whose), "ADD taken :n", {":n": {"N": str(-number)}})

    def tally(self, key: str, add: int = 1) -> int:
        """Adds to a count and returns it; 0 only reads it."""
        try:
            if not add:
                return self._number("count", key)
            answer = self._update(
                "count",
                key,
                "ADD taken :n SET expiration = :end",
                {":n": {"N": str(add)}, ":end": _end()},
                ReturnValues="ALL_NEW",
            )
        except Exception as error:
            raise _failed(self._table, error) from error
        return int(answer["Attributes"]["taken"]["N"])

    def remember(self, kind: str, key: str, facts: Mapping[str, Any]) -> None:
        """Keeps facts for a later run: what one that failed had done, an event held back, ..."""
        item = {
            "id": {"S": self._id(kind, key)},
            "expiration": {"N": str(int(time.time()) + self._seconds)},
            # An event has up to 256 KB, an item 400 KB. Compressed, any text fits.
            "facts": {"B": zlib.compress(json.dumps(facts, default=str).encode())},
        }
        try:
            self._aws.client("dynamodb").put_item(TableName=self._table, Item=item)
        except Exception as error:
            raise _failed(self._table, error) from error

    def recall(self, kind: str, key: str) -> dict[str, Any]:
        """What `remember` kept, empty if there is nothing."""
        try:
            kept = self._item(kind, key).get("facts", {}).get("B")
        except Exception as error:
            raise _failed(self._table, error) from error
        facts: dict[str, Any] = json.loads(zlib.decompress(kept)) if kept else {}
        return facts

    def note(self, key: str, line: str) -> None:
        """Adds a line to a page; a line that is there already is not added twice."""
        try:
            self._update(
                "page",
                key,
                "ADD told :l SET expiration = :end",
                {":l": {"SS": [line]}, ":end": _end()},
            )
        except Exception as error:
            raise _failed(self._table, error) from error

    def lines(self, key: str) -> list[str]:
        """The lines of a page, sorted."""
        try:
            return sorted(self._item("page", key).get("told", {}).get("SS", ()))
        except Exception as error:
            raise _failed(self._table, error) from error

    def strike(self, key: str, lines: Sequence[str]) -> None:
        """Takes lines off a page."""
        try:
            self._update("page", key, "DELETE told :l", {":l": {"SS": list(lines)}})
        except Exception as error:
            raise _failed(self._table, error) from error

    def put(self, window: str, step: int, tick: int, event: str, most: int, told: str) -> Gathered:
        """Adds an event's finding to a window, unless it is there or `most` are; what is there.

        `told` is kept as one of up to three examples of a step. https://docs.aws.amazon.com/
        amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
        """
        id_ = mark(event)
        try:
            answer = self._update(
                "gathered",
                window,
                "ADD #slot :mark SET #told = if_not_exists(#told, :told), expiration = :end",
                {
                    ":mark": {"SS": [id_]},
                    ":most": {"N": str(most)},
                    ":told": {"S": told},
                    ":end": {"N": str(int(time.time()) + self._seconds)},
                },
                ConditionExpression="attribute_not_exists(#slot) OR size(#slot) < :most",
                ExpressionAttributeNames={
                    "#slot": f"s{step}t{tick}",
                    "#told": f"e{step}{ord(id_[0]) % 3}",
                },
                ReturnValues="ALL_NEW",
            )
        except Exception as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise _failed(self._table, error) from error
            return self.look(window)
        return _gathered(answer["Attributes"])

    def look(self, window: str) -> Gathered:
        """What is kept of a window."""
        try:
            return _gathered(self._item("gathered", window))
        except Exception as error:
            raise _failed(self._table, error) from error

    def _hour(self, whose: str) -> tuple[str, str]:
        return "budget", f"{datetime.now(UTC):%Y-%m-%dT%H}" + (f"#{whose}" if whose else "")

    def _number(self, kind: str, key: str) -> int:
        return int(self._item(kind, key).get("taken", {}).get("N", "0"))

    def _item(self, kind: str, key: str) -> dict[str, Any]:
        answer = self._aws.client("dynamodb").get_item(
            TableName=self._table, Key={"id": {"S": self._id(kind, key)}}, ConsistentRead=True
        )
        found: dict[str, Any] = answer.get("Item", {})
        return found

    def _update(
        self, kind: str, key: str, expression: str, values: Mapping[str, Any], **more: Any
    ) -> dict[str, Any]:
        answer: dict[str, Any] = self._aws.client("dynamodb").update_item(
            TableName=self._table,
            Key={"id": {"S": self._id(kind, key)}},
            UpdateExpression=expression,
            ExpressionAttributeValues=dict(values),
            **more,
        )
        return answer

    def _id(self, kind: str, what: str) -> str:
        function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        whole = f"{kind}#{function}#{self._name}#{what}"
        if len(whole) <= _LONGEST and whole.isascii():
            return whole
        # A key has 2,048 bytes, and what callers choose may be longer, or no text at all.
        digest = hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{kind}#{function}#{self._name}#{digest}"


def _gathered(item: Mapping[str, Any]) -> Gathered:
    counts = {
        (int(found[1]), int(found[2])): len(item[name]["SS"])
        for name in item
        if (found := re.fullmatch("s([0-9]+)t([0-9]+)", name))
    }
    examples = {name: str(item[name]["S"]) for name in item if re.fullmatch("e[0-9]+", name)}
    return Gathered(counts, examples)


def _end() -> dict[str, str]:
    return {"N": str(int(time.time()) + 2 * _DAY)}


def _failed(table: str, error: BaseException) -> LedgerError:
    return LedgerError(f"the ledger {table} failed ({error_code(error) or error})")
