"""The handlers that every call passes, in the order of `Front.serve`.

Each fills in its part of the call. Where the emulator falls short of AWS, the services' files say
what is to be done, registered with `localaws.wire.gap`; here is only when.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from localaws.cloudtrail.keeper import CloudTrail
from localaws.cloudtrail.recording import Recording
from localaws.iam import authorize as permission
from localaws.iam.identities import Identities
from localaws.iam.needs import usual_needs
from localaws.wire import codec, gap
from localaws.wire.call import Call
from localaws.wire.emulator import Emulator
from localaws.wire.errors import RefusalError
from localaws.wire.http import Request, Response
from localaws.wire.parts import Parts
from localaws.wire.recognise import recognise

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Handlers:
    """What the handlers need beside the call: the emulator, the parts, and threads for gaps."""

    def __init__(self, emulator: Emulator, parts: Parts) -> None:
        self._emulator = emulator
        self._parts = parts
        # Gaps wait for the event loop, which must never wait for a thread of theirs.
        self._threads = ThreadPoolExecutor(64, thread_name_prefix="gap")

    def recognise(self, request: Request) -> Call | None:
        """Which API call it is; None for one that no service model knows, or that is unsigned."""
        call = recognise(request, self._parts)
        attempt = request.fields.get("amz-sdk-request", "attempt=1")
        if call is not None and attempt.partition(";")[0] != "attempt=1":
            # Its first answer was an error, or got lost: on a loopback that is worth knowing.
            _log.warning("%s:%s is asked for again (%s)", call.service, call.operation, attempt)
        return call

    def identify(self, call: Call) -> bool:
        """Who calls; False for a key that nobody gave out: the emulator refuses it, unrecorded."""
        identity = self._parts.of(Identities).of(call.scope.access_key)
        if identity is None:
            return False
        call.identity = identity
        return True

    async def watch(self, call: Call) -> None:
        """Which trails log as the call comes: one that stops a trail is the trail's last."""
        call.trails = self._parts.of(CloudTrail).logging_trails(call.account)

    async def check(self, call: Call) -> None:
        """What AWS refuses and the emulator accepts is refused."""
        refusals = gap.refusals_of(call)
        if refusals:
            call.refusal = await self._refusal(lambda: [refuse(call) for refuse in refusals])

    async def authorize(self, call: Call) -> None:
        """Whether the caller may, where the emulator is not asked or asks too little.

        AWS says that a caller may not before it says what is wrong with a call: so this comes after
        `check`, and its refusal counts.
        """
        if call.identity.type == "Root":
            return
        needing, answering = gap.needs_of(call), gap.answer_of(call)
        unseen = call.refusal is not None or (answering is not None and answering.alone)
        decides = needing is not None and not needing.besides
        if not (unseen or needing):
            return

        def ensure() -> None:
            if needing is not None:
                permission.ensure(call, needing.needs(call))
            if unseen and not decides:
                permission.ensure(call, usual_needs(call))
            if decides and not unseen:
                call.request = permission.as_root(call)

        call.refusal = await self._refusal(ensure) or call.refusal

    async def answer(self, call: Call) -> None:
        """The refusal, a gap's answer or the emulator's."""
        answering = gap.answer_of(call)
        if call.refusal is None and answering is None:
            call.response = await self._emulator.send(call.request)
            return
        if call.refusal is None and answering is not None:
            answer = answering.answer
            call.refusal = await self._refusal(lambda: _answer(call, answer))
        if call.refusal is not None:
            call.response = codec.encode_refusal(call.protocol, call.refusal, str(uuid.uuid4()))

    async def learn(self, call: Call) -> None:
        """What is remembered of a call that succeeded, before the client has its answer."""
        if call.response.status >= 300:
            return
        for learn in gap.learning_of(call):
            try:
                learn(call)
            except Exception:
                # The call has succeeded: whoever is told otherwise asks again.
                _log.exception("nothing is learnt of %s:%s", call.service, call.operation)

    async def record(self, call: Call) -> None:
        """The call goes to the recorder, on a thread of its own."""
        self._parts.of(Recording).take(call)

    def inside(self, request: Request) -> Response | None:
        """An answer for a call of the local AWS's own, on the caller's thread; None for most.

        It is neither authorized nor recorded.
        """
        call = recognise(request, self._parts)
        answering = gap.answer_of(call) if call else None
        if call is None or answering is None or not answering.inside or not self.identify(call):
            return None
        try:
            _answer(call, answering.answer)
        except RefusalError as refusal:
            return codec.encode_refusal(call.protocol, refusal, str(uuid.uuid4()))
        return call.response

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _refusal(self, work: Callable[[], object]) -> RefusalError | None:
        """Do it on a thread; the refusal that it raised, if any. A bug is an InternalFailure."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except RefusalError as refusal:
            return refusal
        except Exception:
            _log.exception("a gap of the emulator is closed wrongly")
            return RefusalError("InternalFailure", "The local AWS has failed: see its log.", 500)
        return None


def _answer(call: Call, answer: gap.Answer) -> None:
    answered = answer(call)
    if not isinstance(answered, Response):
        answered = codec.encode_answer(
            call.service, call.model, call.protocol, answered, str(uuid.uuid4())
        )
    call.response = answered
