"""Answers Terraform with the schemas of the types that this repository uses, not with all.

Terraform asks a provider for all its schemas in every call, and decoding some 1,500 of them takes
it longer than all else that it does for a plan. So a pass-through stands between the two: it
answers GetProviderSchema itself, shortened once a session, and hands on every other call's bytes.

    GetProviderSchema of protocol 5, as far as it matters here (a map's entry has its key first):
    resources 2, data sources 3, ephemeral resources 8, list resources 9, actions 11

https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from tests.harness.kept import locked

PROTOCOL = 5
_BY_TYPE = {2, 3, 8, 9, 11}
_SCHEMAS = "/tfplugin5.Provider/GetSchema"
# The rest of go-plugin's services is left unanswered: its streams would hold a thread each for as
# long as Terraform runs, and its Shutdown would end a provider that others use.
_HANDED_ON = ("/tfplugin5.Provider/", "/grpc.health.v1.Health/Check")
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
# Terraform has up to ten calls under way; a call that waits holds a thread.
_THREADS = 32
_TYPE = re.compile(r"\baws_[a-z0-9_]+")
_SOURCES = ("modules/**/*.tf", "examples/**/*.tf", "tests/**/*.tf", "tests/**/*.py", "**/*.md")


def types_in(texts: Iterable[str]) -> frozenset[str]:
    """All that can be a type of resource or data source in texts."""
    return frozenset(name for text in texts for name in _TYPE.findall(text))


def types_used(repository: Path) -> frozenset[str]:
    """All types that the repository's configurations, tests and examples in READMEs name."""
    paths = {
        path
        for pattern in _SOURCES
        for path in repository.glob(pattern)
        if not any(part.startswith(".") for part in path.relative_to(repository).parts)
    }
    return types_in(path.read_text(encoding="utf-8") for path in paths)


def shortened(answer: bytes, types: frozenset[str]) -> bytes:
    """GetProviderSchema's answer without the schemas of all other types."""
    kept = []
    place = 0
    while place < len(answer):
        tag, start = _number(answer, place)
        size, start = _number(answer, start)
        if tag & 7 != _WITH_SIZE:
            raise ValueError(f"field {tag >> 3} of GetProviderSchema has wire type {tag & 7}")
        entry = answer[start : start + size]
        if tag >> 3 not in _BY_TYPE or _key(entry) in types:
            kept.append(answer[place : start + size])
        place = start + size
    return b"".join(kept)


_WITH_SIZE = 2  # https://protobuf.dev/programming-guides/encoding/#structure


def _key(entry: bytes) -> str:
    size, start = _number(entry, 1)
    return entry[start : start + size].decode()


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and the place behind it."""
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, place


@contextmanager
def passing(reattach: str, types: frozenset[str], cache: Path, provider: str) -> Iterator[str]:
    """Stand before the provider of a TF_REATTACH_PROVIDERS: the one that leads here instead.

    The shortened answer is kept in the folder `cache`; `provider` tells the provider's version.
    """
    key = hashlib.sha256(json.dumps([provider, sorted(types)]).encode()).hexdigest()[:20]
    [(name, facts)] = json.loads(reattach).items()
    # The path of a socket has 107 characters at most, and a test's folder may have more.
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="schemas-") as folder:
        socket = os.path.join(folder, "socket")  # noqa: PTH118  # text, for the address
        with grpc.insecure_channel(_address(facts), options=_OPTIONS) as channel:
            server = grpc.server(
                ThreadPoolExecutor(_THREADS, thread_name_prefix="schemas"),
                handlers=[_PassThrough(channel, types, cache / f"schemas-{key}")],
                options=_OPTIONS,
            )
            server.add_insecure_port(f"unix:{socket}")
            server.start()
            try:
                here = {**facts, "Addr": {"Network": "unix", "String": socket}}
                yield json.dumps({name: here})
            finally:
                server.stop(grace=None).wait()


def _address(facts: dict[str, Any]) -> str:
    network, address = facts["Addr"]["Network"], facts["Addr"]["String"]
    return f"unix:{address}" if network == "unix" else address


class _PassThrough(grpc.GenericRpcHandler):
    def __init__(self, channel: grpc.Channel, types: frozenset[str], cache: Path) -> None:
        self._channel = channel
        self._types = types
        self._cache = cache

    def service(
        self, details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        method = details.method
        if not method.startswith(_HANDED_ON):
            return None
        send: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(method)

        def hand_on(request: bytes, context: grpc.ServicerContext) -> bytes:
            call = send.future(request)

            def give_up() -> None:
                call.cancel()

            context.add_callback(give_up)  # Terraform was ended: nobody waits any more
            try:
                return call.result()
            except grpc.RpcError as error:
                context.abort(error.code(), error.details() or "")

        def schemas(request: bytes, context: grpc.ServicerContext) -> bytes:
            with locked(self._cache.with_suffix(".lock")):
                if not self._cache.exists():
                    self._cache.write_bytes(shortened(hand_on(request, context), self._types))
            return self._cache.read_bytes()

        return grpc.unary_unary_rpc_method_handler(schemas if method == _SCHEMAS else hand_on)
