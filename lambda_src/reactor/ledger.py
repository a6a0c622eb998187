"""The ledger, in DynamoDB: it remembers what was done, so that nothing is done twice or too often.

Idempotency is Powertools' own: an item is written before an action, completed after it and deleted
when it failed. Its module is imported only where it is used, since its import takes longer than all
of ours. https://docs.aws.amazon.com/powertools/python/latest/utilities/idempotency/
"""

from __future__ import annotations

import json
import os
import time
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

from reactor.retry import error_code

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from reactor.aws import Aws
    from reactor.retry import Clock

_DAY = 86_400
_PAUSE = 0.5


class LedgerError(Exception):
    """The ledger can't be read or written; `acted` tells whether the action was taken already.

    Without the ledger the reaction does nothing: Lambda tries the event again, then keeps it.
    """

    def __init__(self, message: str, *, acted: bool = False) -> None:
        super().__init__(message)
        self.acted = acted


class BudgetSpentError(Exception):
    """The hour's actions are used up."""


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

    def spend(self, number: int, limit: int) -> None:
        """Takes from the budget of this hour; raises BudgetSpentError if too little is left."""
        values = {
            ":n": {"N": str(number)},
            ":most": {"N": str(limit - number)},
            ":end": {"N": str(int(time.time()) + 2 * _DAY)},
        }
        told = f"the budget of {limit} actions an hour is spent"
        if number > limit:
            raise BudgetSpentError(told)
        try:
            self._update(
                "ADD taken :n SET expiration = :end",
                values,
                ConditionExpression="attribute_not_exists(taken) OR taken <= :most",
            )
        except Exception as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise BudgetSpentError(told) from None
            raise _failed(self._table, error) from error

    def give_back(self, number: int) -> None:
        """Gives back what was taken from the budget for actions that failed."""
        self._update("ADD taken :n", {":n": {"N": str(-number)}})

    def tally(self, key: str, add: int = 1) -> int:
        """Adds to a count and returns it; 0 only reads it."""
        item = {"TableName": self._table, "Key": {"id": {"S": self._id("count", key)}}}
        dynamodb = self._aws.client("dynamodb")
        try:
            if not add:
                found = dynamodb.get_item(**item, ConsistentRead=True).get("Item", {})
            else:
                found = dynamodb.update_item(
                    **item,
                    UpdateExpression="ADD taken :n SET expiration = :end",
                    ExpressionAttributeValues={
                        ":n": {"N": str(add)},
                        ":end": {"N": str(int(time.time()) + 2 * _DAY)},
                    },
                    ReturnValues="ALL_NEW",
                )["Attributes"]
        except Exception as error:
            raise _failed(self._table, error) from error
        return int(found.get("taken", {}).get("N", "0"))

    def remember(self, event_id: str, facts: Mapping[str, Any]) -> None:
        """Keeps what a run that failed had done, for the next try of its event."""
        item = {
            "id": {"S": self._id("event", event_id)},
            "expiration": {"N": str(int(time.time()) + self._seconds)},
            "facts": {"S": json.dumps(facts, default=str)},
        }
        try:
            self._aws.client("dynamodb").put_item(TableName=self._table, Item=item)
        except Exception as error:
            raise _failed(self._table, error) from error

    def recall(self, event_id: str) -> dict[str, Any]:
        """The actions that `remember` kept of an event, empty if there are none."""
        try:
            answer = self._aws.client("dynamodb").get_item(
                TableName=self._table,
                Key={"id": {"S": self._id("event", event_id)}},
                ConsistentRead=True,
            )
        except Exception as error:
            raise _failed(self._table, error) from error
        text = answer.get("Item", {}).get("facts", {}).get("S", "{}")
        facts: dict[str, Any] = json.loads(text)
        return facts

    def _update(self, expression: str, values: Mapping[str, Any], **more: Any) -> None:
        hour = f"{datetime.now(UTC):%Y-%m-%dT%H}"
        self._aws.client("dynamodb").update_item(
            TableName=self._table,
            Key={"id": {"S": self._id("budget", hour)}},
            UpdateExpression=expression,
            ExpressionAttributeValues=dict(values),
            **more,
        )

    def _id(self, kind: str, what: str) -> str:
        function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        return f"{kind}#{function}#{self._name}#{what}"


def _failed(table: str, error: BaseException) -> LedgerError:
    return LedgerError(f"the ledger {table} failed ({error_code(error) or error})")
