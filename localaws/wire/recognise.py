"""Which API call an HTTP request is, by botocore's service models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, unquote

from botocore.loaders import Loader
from moto.core.model import OperationModel

from localaws.wire.call import Call, Scope
from localaws.wire.codec import service_model
from localaws.wire.http import Request
from localaws.wire.parts import Parts

# Services whose signing name is not botocore's name for them. Where several share one, the first
# that has the operation is it.
_SIGNED_AS: Mapping[str, tuple[str, ...]] = {
    "airflow": ("mwaa",),
    "aoss": ("opensearchserverless",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "aps": ("amp",),
    "cloudhsm": ("cloudhsmv2",),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticmapreduce": ("emr",),
    "email": ("ses",),
    "es": ("opensearch", "es"),
    "monitoring": ("cloudwatch",),
    "rds": ("rds", "neptune", "docdb"),
    "ses": ("sesv2", "ses"),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
    "waf-regional": ("waf-regional",),
}
_S3_CONTROL_PATH = b"/v20180820/"
_CREDENTIAL = re.compile(r"Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")


def signature(request: Request) -> Scope | None:
    """The credential scope of a signed or presigned request, or None for an unsigned one."""
    found = _CREDENTIAL.search(request.fields.get("authorization", ""))
    if found is None and b"X-Amz-Credential" in request.query_string:
        presigned = dict(request.query).get("X-Amz-Credential", "")
        found = _CREDENTIAL.search(f"Credential={presigned}")
    if found is None:
        return None
    return Scope(access_key=found[1], region=found[3], signing_name=found[4])


def recognise(request: Request, parts: Parts) -> Call | None:
    """The API call behind a signed request, or None where no service model knows it."""
    scope = signature(request)
    if scope is None:
        return None
    fields = request.fields
    services = _SIGNED_AS.get(scope.signing_name, (scope.signing_name,))
    if request.raw_path.startswith(_S3_CONTROL_PATH):
        services = ("s3control",)
    target = fields.get("x-amz-target")
    if target is not None:
        prefix, _, name = target.rpartition(".")
        return _first(parts, scope, services, name, "json", request, target_prefix=prefix)
    if fields.get("smithy-protocol") == "rpc-v2-cbor":
        name = request.path.rpartition("/")[2]
        return _first(parts, scope, services, name, "smithy-rpc-v2-cbor", request)
    action = _form_action(request, scope.signing_name)
    if action is not None:
        name, form = action
        version = dict(form).get("Version")
        protocol = "ec2" if scope.signing_name == "ec2" else "query"
        return _first(parts, scope, services, name, protocol, request, version=version, form=form)
    for service in services:
        if not _is_known(service):
            continue
        routed = _routes(service).find(request)
        if routed is not None:
            model, parameters = routed
            protocol = str(model.service_model.protocol)
            return Call(request, parts, scope, service, model, protocol, parameters)
    return None


def _form_action(
    request: Request, signing_name: str
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    content_type = request.fields.get("content-type", "")
    if content_type.startswith("application/x-www-form-urlencoded"):
        form = tuple(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        action = dict(form).get("Action")
        if action:
            return action, form
    if signing_name != "s3" and b"Action=" in request.query_string:
        action = dict(request.query).get("Action")
        if action:
            return action, tuple(request.query)
    return None


def _first(
    parts: Parts,
    scope: Scope,
    services: tuple[str, ...],
    name: str,
    protocol: str,
    request: Request,
    *,
    target_prefix: str | None = None,
    version: str | None = None,
    form: tuple[tuple[str, str], ...] = (),
) -> Call | None:
    for service in services:
        if not _is_known(service):
            continue
        model = service_model(service)
        # SDKs differ in how much of a dotted prefix they send (CloudTrail's): its end decides.
        known_prefix = str(model.metadata.get("targetPrefix", target_prefix))
        if target_prefix and known_prefix.split(".")[-1] != target_prefix.split(".")[-1]:
            continue
        if version and len(services) > 1 and model.api_version != version:
            continue
        if name in model.operation_names:
            operation = model.operation_model(name)
            return Call(request, parts, scope, service, operation, protocol, {}, form)
    return None


@cache
def _known_services() -> frozenset[str]:
    return frozenset(Loader().list_available_services("service-2"))


def _is_known(service: str) -> bool:
    return service in _known_services()


@dataclass(frozen=True)
class _Route:
    model: OperationModel
    method: str
    path: re.Pattern[str]
    names: tuple[str, ...]
    flags: frozenset[tuple[str, str | None]]
    queries: frozenset[str]
    headers: frozenset[str]

    @property
    def weight(self) -> tuple[int, int, int]:
        """More demands first, then the path with fewer placeholders; deprecated twins last."""
        demands = len(self.flags) * 2 + len(self.queries) + len(self.headers)
        return (-demands, len(self.names), int(self.model.deprecated))


class _Routes:
    """The operations of a REST service by method, path, and what a request must carry."""

    def __init__(self, service: str) -> None:
        model = service_model(service)
        routes = [_route(model.operation_model(name)) for name in model.operation_names]
        self._by_method: dict[str, list[_Route]] = {}
        for route in sorted(routes, key=lambda r: r.weight):
            self._by_method.setdefault(route.method, []).append(route)

    def find(self, request: Request) -> tuple[OperationModel, dict[str, str]] | None:
        raw = request.raw_path.decode("latin-1")
        query = dict(request.query)
        headers = request.fields
        for route in self._by_method.get(request.method, ()):
            if any(
                name not in query or (value is not None and query[name] != value)
                for name, value in route.flags
            ):
                continue
            if not (route.queries <= query.keys() and route.headers <= headers.keys()):
                continue
            found = route.path.fullmatch(raw)
            if found:
                values = (unquote(v) for v in found.groups())
                return route.model, dict(zip(route.names, values, strict=True))
        return None


def _route(model: OperationModel) -> _Route:
    path, _, flags = str(model.http["requestUri"]).partition("?")
    names: list[str] = []
    pattern = ""
    for part in re.split(r"(\{[^}]+\})", path.rstrip("/") if path != "/" else path):
        if part.startswith("{"):
            greedy = part.endswith("+}")
            names.append(part[1:-1].rstrip("+"))
            pattern += "(.+)" if greedy else "([^/]+)"
        else:
            pattern += re.escape(part)
    wanted: dict[str, set[str]] = {"querystring": set(), "header": set()}
    shape = model.input_shape
    if shape is not None:
        for name in shape.required_members:
            serialization = shape.members[name].serialization
            location = serialization.get("location")
            if location in wanted:
                wanted[location].add(serialization.get("name", name))
    pairs = frozenset(
        (flag.partition("=")[0], flag.partition("=")[2] if "=" in flag else None)
        for flag in flags.split("&")
        if flag
    )
    return _Route(
        model=model,
        method=model.http["method"],
        path=re.compile(pattern + ("/?" if path != "/" else "")),
        names=tuple(names),
        flags=pairs,
        queries=frozenset(wanted["querystring"]),
        headers=frozenset(h.lower() for h in wanted["header"]),
    )


@cache
def _routes(service: str) -> _Routes:
    return _Routes(service)
