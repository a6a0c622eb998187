"""The layer in front of the emulator: every call passes here, is answered, recorded and routed.

    client -> recognise -> refuse or answer what the emulator can't -> forward -> answer the client
                                                                    \\-> record -> match -> deliver

Recording and delivery happen after the client has its answer, on threads of their own, in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import queue
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localaws.activity import Activity, ActivityLog
from localaws.client.environment import DEFAULT_REGION
from localaws.clock import MovableClock
from localaws.cloudtrail import emitted
from localaws.cloudtrail.cloudtrail import CloudTrail, Trail
from localaws.cloudtrail.recorder import build_record, envelope, event_category
from localaws.cloudtrail.trailwriter import Stored, TrailWriter
from localaws.emulator.ministack import Upstream
from localaws.events import eventbridge
from localaws.events.archives import Archives
from localaws.events.router import Router, RouterEvent
from localaws.events.schedules import Schedules
from localaws.front import tables as gaps
from localaws.front.identities import GIVES_CREDENTIALS, Identities
from localaws.functions.invoke import AsyncInvoker
from localaws.iam import authorize
from localaws.iam.permissions import Permissions
from localaws.wire import codec
from localaws.wire.aws import InProcessClients
from localaws.wire.http import Receive, Request, Response, Scope, Send, read_request, send_response
from localaws.wire.model import Call, Identity

_log = logging.getLogger(__name__)
_CHANGE_PERMISSIONS = ("iam", "cloudformation")
# How many answers are kept for an SDK that asks again, and how long (in bytes) one may be.
_INVOCATIONS = 2_000
_SMALL = 16_384
_READS = ("Get", "List", "Describe", "Generate", "Simulate")


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A finished call on its way to the recorder."""

    operation: codec.Operation
    response: Response
    identity: Identity
    region: str
    time: datetime
    request_id: str
    trails: tuple[Trail, ...]


class Front:
    """The ASGI application of the local AWS."""

    def __init__(self, upstream: Upstream, clock: MovableClock) -> None:
        self.upstream = upstream
        self.clock = clock
        self.activity = ActivityLog()
        self.cloudtrail = CloudTrail(clock.now)
        self.aws: InProcessClients
        self.identities: Identities
        self.functions: AsyncInvoker
        self.permissions: Permissions
        self.router: Router
        self.archives: Archives
        self.schedules: Schedules
        self.trail_writer = TrailWriter(
            clock, self.cloudtrail.keys, self.cloudtrail.trails, self._deliver
        )
        self.kept = gaps.State()
        self._invocations: dict[str, tuple[float, asyncio.Future[Response | None]]] = {}
        self._calls: queue.SimpleQueue[_Recorded | None] = queue.SimpleQueue()
        self._settled = threading.Condition()
        self._under_way = 0
        self._recorder = threading.Thread(target=self._record_calls, name="recorder", daemon=True)

    async def start(self) -> None:
        """Start the emulator and the threads behind the layer."""
        self.aws = InProcessClients(self.internal, asyncio.get_running_loop())
        self.identities = Identities(self.upstream, self.aws)
        self.permissions = Permissions(self.aws)
        self.functions = AsyncInvoker(self.aws, self.clock, self.activity.add)
        parts = (self.aws, self.clock, lambda: self.router, self.activity.add)
        self.archives = Archives(*parts)
        self.schedules = Schedules(*parts)
        self.router = self._new_router()
        await self.upstream.start(self._emitted)
        self.trail_writer.start()
        self._recorder.start()

    async def stop(self) -> None:
        self._calls.put(None)
        await asyncio.to_thread(self._recorder.join, 5)
        await asyncio.to_thread(self.schedules.close)
        await asyncio.to_thread(self.trail_writer.close)
        await asyncio.to_thread(self.router.close)
        self.functions.close()
        await self.upstream.stop()

    async def reset(self) -> None:
        """Forget everything that was made, recorded or is on its way; the clock is set right."""
        await asyncio.to_thread(self.settle_records, 1.0)
        self.functions.close()
        await asyncio.to_thread(self.router.close)
        self.trail_writer.reset()
        await asyncio.to_thread(self.trail_writer.drain, 5.0)
        await self.upstream.reset()
        self.schedules.reset()
        self.archives.reset()
        self.clock.reset()
        self.cloudtrail.reset()
        self.identities.reset()
        self.permissions.reset()
        self._invocations.clear()
        self.kept = gaps.State()
        self.functions = AsyncInvoker(self.aws, self.clock, self.activity.add)
        self.router = self._new_router()
        self.activity.clear()

    def _new_router(self) -> Router:
        return Router(self.aws, self.clock, self._routed, arrived=self.archives.arrived)

    def settle_records(self, seconds: float) -> bool:
        """Wait until every call so far is recorded; False where that took too long."""
        with self._settled:
            return self._settled.wait_for(lambda: self._under_way == 0, seconds)

    def drain(self, seconds: float) -> bool:
        """Wait until every call so far is recorded, routed and, where a function got it, run.

        What those functions called in turn is waited for as well, as long as it takes no longer.
        """
        until = time.monotonic() + seconds
        while True:
            before = self.activity.last
            for wait in (
                self.settle_records,
                self.trail_writer.drain,
                self.schedules.settle,
                self.router.drain,
                self.functions.drain,
            ):
                if not wait(max(until - time.monotonic(), 0.0)):
                    return False
            if self.activity.last == before:
                return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await read_request(scope, receive)
        if request is None:
            return
        if request.raw_path.startswith(b"/_local/"):
            response = await self._control(request)
        else:
            response = await self._once(request)
        if request.method == "HEAD":
            response.body = b""
        await send_response(send, response)

    async def _once(self, request: Request) -> Response:
        """An SDK that has lost an answer on its way asks again: it gets that answer, and no second
        role or statement is refused because the first is there.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        """
        invocation = request.fields.get("amz-sdk-invocation-id")
        if invocation is None or request.method in ("GET", "HEAD"):  # a read may be read again
            return await self._serve(request)
        earlier = self._invocations.get(invocation)
        if earlier is not None:
            begun, answering = earlier
            answer = await asyncio.shield(answering)
            if answer is not None and answer.status < 300:
                _log.warning(
                    "%s %s is asked for again (%s), %.1f s after the first time, which went well",
                    request.method,
                    request.path,
                    request.fields.get("amz-sdk-request", ""),
                    time.monotonic() - begun,
                )
                return answer
        future: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()
        self._invocations[invocation] = (time.monotonic(), future)
        if len(self._invocations) > _INVOCATIONS:
            del self._invocations[next(iter(self._invocations))]
        response = None
        try:
            response = await self._serve(request)
            return response
        finally:
            small = response is not None and len(response.body) <= _SMALL
            future.set_result(response if small else None)

    async def internal(self, request: Request) -> Response:
        """A call of the local AWS's own: answered like any, but neither recorded nor routed."""
        scope = codec.signature(request)
        operation = codec.recognise(request, scope) if scope else None
        if scope and operation and (operation.service, operation.name) == ("lambda", "Invoke"):
            event_type = request.fields.get("x-amz-invocation-type")
            if event_type == "Event":
                name = operation.path_parameters["FunctionName"]
                request_id = self.functions.submit(name, request.body)
                return Response(202, [(b"x-amzn-requestid", request_id.encode())])
        if scope and operation:
            key = (operation.service, operation.name)
            identity = self.identities.of(scope.access_key)
            if key in gaps.OVERLAID and identity:
                # The emulator's own answer would show a state that AWS would not be in.
                call = gaps.Incoming(self, operation, identity, scope.region)
                answered = await gaps.ANSWERS[key](call)
                if isinstance(answered, Response):
                    return answered
                return codec.encode_answer(operation, answered, str(uuid.uuid4()))
        return await self.upstream.send(request)

    async def _serve(self, request: Request) -> Response:
        scope = codec.signature(request)
        operation = codec.recognise(request, scope) if scope else None
        if scope is None or operation is None:
            return await self.upstream.send(request)
        identity = self.identities.of(scope.access_key)
        if identity is None:  # no such key: the emulator refuses it, and no account has a record
            return await self.upstream.send(request)
        call = gaps.Incoming(self, operation, identity, scope.region)
        before = self.cloudtrail.logging_trails(identity.account)
        response = await self._answer(call)
        if response.status < 300:
            self._learn(call, response)
        after = self.cloudtrail.logging_trails(identity.account)
        self._hand_over(call, response, before + tuple(t for t in after if t not in before))
        return response

    async def _answer(self, call: gaps.Incoming) -> Response:
        key = (call.operation.service, call.operation.name)
        request_id = str(uuid.uuid4())
        try:
            try:
                for check in (*gaps.checks(*key), *eventbridge.CHECKS.get(key, ())):
                    await check(call)
            except codec.RefusedError:
                # AWS says that a caller may not before it says what is wrong with the call.
                await asyncio.to_thread(authorize.ensure, call)
                raise
            answer = (
                gaps.ANSWERS.get(key)
                or eventbridge.ANSWERS.get(key)
                or gaps.ANSWERS.get((call.operation.service, "*"))
            )
            if answer is None:
                request = call.operation.request
                if authorize.decides(call):
                    request = await asyncio.to_thread(authorize.authorized, call)
                return await self.upstream.send(request)
            answered = await answer(call)
        except codec.RefusedError as refusal:
            return codec.encode_refusal(call.operation, refusal, request_id)
        if isinstance(answered, Response):
            return answered
        return codec.encode_answer(call.operation, answered, request_id)

    def _learn(self, call: gaps.Incoming, response: Response) -> None:
        operation = call.operation
        key = (operation.service, operation.name)
        after = gaps.AFTER.get(key)
        if after is not None:
            after(call, response)
        if operation.service in _CHANGE_PERMISSIONS and not operation.name.startswith(_READS):
            self.permissions.forget()
        if key in GIVES_CREDENTIALS:
            # At once: the client may use its new key before the recorder gets to this call.
            result, _ = codec.decode_answer(operation, response)
            with contextlib.suppress(KeyError):
                self.identities.learn(
                    operation.name,
                    call.identity,
                    operation.parameters,
                    result or {},
                    self.clock.now(),
                )
        seen = (operation.service, operation.name, call.account, call.region)
        self.router.observe(*seen)
        self.archives.observe(*seen)
        self.schedules.observe(*seen, operation.parameters)

    # Recording, on its own thread

    def _hand_over(
        self, call: gaps.Incoming, response: Response, trails: tuple[Trail, ...]
    ) -> None:
        told = codec.answered_request_id(call.operation, response)
        recorded = _Recorded(
            operation=call.operation,
            response=response,
            identity=call.identity,
            region=call.region,
            time=self.clock.now(),
            request_id=told or str(uuid.uuid4()),
            trails=trails,
        )
        with self._settled:
            self._under_way += 1
        self._calls.put(recorded)

    def _record_calls(self) -> None:
        while (recorded := self._calls.get()) is not None:
            try:
                self._record(recorded)
            except Exception:
                # One call that cannot be recorded must not end the recording of all others.
                _log.exception(
                    "could not record %s:%s",
                    recorded.operation.service,
                    recorded.operation.name,
                )
            finally:
                with self._settled:
                    self._under_way -= 1
                    self._settled.notify_all()

    def _record(self, recorded: _Recorded) -> None:
        operation = recorded.operation
        result, error = codec.decode_answer(operation, recorded.response)
        identity = self.identities.complete(recorded.identity)
        call = Call(
            service=operation.service,
            operation=operation.name,
            model=operation.model,
            account=identity.account,
            region=recorded.region,
            identity=identity,
            parameters=operation.parameters,
            result=result,
            error=error,
            time=recorded.time,
            request_id=recorded.request_id,
            source_ip=operation.request.client[0],
            user_agent=operation.request.fields.get("user-agent", ""),
            host=operation.request.fields.get("host", ""),
        )
        category = event_category(call)
        if category == "Data" and not any(t.records_data for t in recorded.trails):
            return
        record = build_record(call)
        region = record["awsRegion"]
        admitted = [
            t.arn
            for t in recorded.trails
            if t.covers(identity.account, region) and t.admits(record)
        ]
        # A trail's log begins with the call that starts it, and ends with the one that stops it.
        if call.operation == "StartLogging":
            self.trail_writer.look(recorded.time)
        self.trail_writer.add(recorded.time, region, record, admitted)
        if call.service == "cloudtrail":
            self.trail_writer.look(recorded.time)
        if category == "Management":
            self.cloudtrail.remember(identity.account, record, recorded.time)
        elif not admitted:
            return
        event = envelope(record)
        self._tell_call(event, identity)
        if admitted:
            self.router.put(event, account=identity.account, region=region)

    def _tell_call(self, event: dict[str, Any], identity: Identity) -> None:
        record = event["detail"]
        self.activity.add(
            Activity(
                time=self.clock.now(),
                kind="call",
                account=identity.account,
                region=record["awsRegion"],
                step="failed" if "errorCode" in record else "called",
                event_id=event["id"],
                what=f"{record['eventSource'].partition('.')[0]}:{record['eventName']}",
                detail=record.get("errorCode", ""),
                extra={
                    "actor": identity.arn,
                    "read_only": record["readOnly"],
                    "record": record,
                },
            )
        )

    def _routed(self, step: RouterEvent) -> None:
        self.activity.add(
            Activity(
                time=step.time,
                kind="router",
                account=step.account,
                region=step.region,
                step=step.kind,
                event_id=step.event_id,
                what=step.rule_name,
                detail=step.reason,
                extra={
                    "rule": step.rule,
                    "target": step.target_id,
                    "target_arn": step.target_arn,
                    "target_kind": step.target_kind,
                    "dead_letter_arn": step.dead_letter_arn,
                },
            )
        )

    def _emitted(self, event: dict[str, Any], account: str, region: str, bus: str) -> None:
        # The emulator stamps the machine's time.
        event = event | {"time": self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
        self.router.put(event, account=account, region=region, bus=bus)

    def _emit(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        """Put events on the bus that no call makes; ValueError, and nothing done, for a bad one."""
        complete = [
            emitted.complete(
                entry["item"],
                entry["where"],
                self.clock.now(),
                asked["account"],
                asked.get("region"),
                DEFAULT_REGION,
                sign_in=asked.get("sign_in", emitted.SIGN_IN_SPELLINGS[0]),
                fresh=bool(asked.get("fresh")),
            )
            for entry in asked["items"]
        ]
        return [self._put_emitted(one) for one in complete]

    def _put_emitted(self, one: emitted.Emitted) -> dict[str, Any]:
        trails = self.cloudtrail.logging_trails(one.account)
        why = emitted.kept_back(one, trails)
        if one.record is not None and one.record["eventCategory"] == "Management":
            self.cloudtrail.remember(one.account, one.record, one.time)
            covering = [t for t in trails if t.covers(one.account, one.region)]
            logged = [t.arn for t in covering if t.admits(one.record)]
            self.trail_writer.add(self.clock.now(), one.region, one.record, logged)
        step = Activity(
            time=self.clock.now(),
            kind="emitted",
            account=one.account,
            region=one.region,
            step="kept back" if why else "routed",
            event_id=one.event["id"],
            what=one.what,
            detail=why,
            extra={"record": one.record},
        )
        self.activity.add(step)
        if not why:
            self.router.put(one.event, account=one.account, region=one.region)
        return {
            "event_id": one.event["id"],
            "what": one.what,
            "account": one.account,
            "region": one.region,
            "routed": not why,
            "why": why,
        }

    def _deliver(self, account: str, region: str, stored: Stored, kms_key: str | None) -> None:
        """Put a trail's file into its bucket, as CloudTrail does: encrypted, past the recorder."""
        encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
            if kms_key
            else {"ServerSideEncryption": "AES256"}
        )
        self.aws.client("s3", account, region).put_object(
            Bucket=stored.bucket,
            Key=stored.key,
            Body=stored.body,
            ACL="bucket-owner-full-control",
            ContentEncoding="gzip",
            ContentType="application/json",
            Metadata=dict(stored.metadata),
            **encryption,
        )

    # The layer's own endpoints

    async def _control(self, request: Request) -> Response:
        query = dict(request.query)
        name = request.path.removeprefix("/_local/")
        try:
            if (request.method, name) == ("GET", "health"):
                now = self.clock.now().isoformat()
                last = self.activity.last
                return _json({"status": "ready", "now": now, "last": last, "pid": os.getpid()})
            if (request.method, name) == ("GET", "activity"):
                since, wait = int(query.get("since", 0)), min(float(query.get("wait", 0)), 60)
                return _written(await self.activity.wait(since, wait))
            if (request.method, name) == ("POST", "drain"):
                seconds = float(query.get("seconds", 30))
                return _json({"drained": await asyncio.to_thread(self.drain, seconds)})
            if (request.method, name) == ("POST", "reset"):
                await self.reset()
                return _json({"reset": True})
            if (request.method, name) == ("POST", "clock"):
                await asyncio.to_thread(self.settle_records, 10.0)
                self.clock.advance(float(query.get("advance", 0)))
                await asyncio.to_thread(self.trail_writer.drain, 60.0)
                # Whoever moves it finds all that was due matched, by the rules of before the move.
                await asyncio.to_thread(self.schedules.settle, 60.0)
                await asyncio.to_thread(self.router.drain_arrivals, 60.0)
                return _json({"now": self.clock.now().isoformat()})
            if (request.method, name) == ("POST", "emit"):
                return _json({"emitted": self._emit(json.loads(request.body))})
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return _json({"error": f"{request.method} {request.path} is not an endpoint"}, 404)


def _json(value: Any, status: int = 200) -> Response:
    return _written(json.dumps(value, default=str).encode(), status)


def _written(body: bytes, status: int = 200) -> Response:
    return Response(status, [(b"content-type", b"application/json")], body)
