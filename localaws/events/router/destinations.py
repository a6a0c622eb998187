"""The call that an API destination makes: its address, its connection's credentials, the answer.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html
"""

from __future__ import annotations

import base64
import ipaddress
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import urllib3

from localaws.events.router.model import DeliveryError

# "the maximum client execution timeout" of an endpoint
_SECONDS = 5.0
# What is tried again; every other status from 400 on is not.
_PASSING = (401, 407, 409, 429)
_AGENT = "Amazon/EventBridge/ApiDestinations"


def call(
    destination: Mapping[str, Any],
    given: Mapping[str, Any],
    credentials: Mapping[str, Any],
    text: str,
) -> str:
    """Call the endpoint; gives the answer's status. Raises DeliveryError.

    `destination` is what DescribeApiDestination answers, `given` the target's HttpParameters,
    `credentials` the connection's AuthParameters, secrets included.
    """
    more = credentials.get("InvocationHttpParameters") or {}
    # "If the same key is in both, the connection's value is used."
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": _AGENT,
        **(given.get("HeaderParameters") or {}),
        **_values(more.get("HeaderParameters")),
        **_authorization(credentials),
    }
    query = {
        **(given.get("QueryStringParameters") or {}),
        **_values(more.get("QueryStringParameters")),
    }
    endpoint = str(destination["InvocationEndpoint"])
    for value in given.get("PathParameterValues") or ():
        endpoint = endpoint.replace("*", quote(value, safe=""), 1)
    body = _with_members(text, _values(more.get("BodyParameters")))
    status = _ask(str(destination["HttpMethod"]), endpoint, query, headers, body).status
    if status >= 400:
        raise DeliveryError(
            "THROTTLING"
            if status == 429
            else "ERROR_FROM_TARGET"
            if status >= 500
            else "SDK_CLIENT_ERROR",
            f"Unable to invoke ApiDestination endpoint: it answers {status}",
            retry=status in _PASSING or status >= 500,
        )
    return str(status)


def _ask(
    method: str, endpoint: str, query: Mapping[str, str], headers: Mapping[str, str], body: str
) -> urllib3.BaseHTTPResponse:
    parts = urlsplit(endpoint)
    asked = "&".join(part for part in (parts.query, urlencode(query)) if part)
    # A server of the loopback has a certificate that nobody signed.
    check = "CERT_NONE" if _on_loopback(parts.hostname or "") else "CERT_REQUIRED"
    with urllib3.PoolManager(cert_reqs=check) as pool:
        try:
            return pool.request(
                method,
                urlunsplit(parts._replace(query=asked)),
                body=body.encode(),
                headers=dict(headers),
                timeout=_SECONDS,
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise DeliveryError(
                "CONNECTION_FAILURE",
                f"Unable to invoke ApiDestination endpoint: {error}",
                retry=True,
            ) from None


def _authorization(credentials: Mapping[str, Any]) -> dict[str, str]:
    key = credentials.get("ApiKeyAuthParameters")
    if key:
        return {str(key["ApiKeyName"]): str(key["ApiKeyValue"])}
    basic = credentials.get("BasicAuthParameters")
    if basic:
        pair = f"{basic['Username']}:{basic['Password']}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    oauth = credentials.get("OAuthParameters")
    if oauth:
        return {"Authorization": f"Bearer {_token(oauth)}"}
    return {}


def _token(oauth: Mapping[str, Any]) -> str:
    """An access token for the client's id and secret, a new one for each call."""
    client, more = oauth["ClientParameters"], oauth.get("OAuthHttpParameters") or {}
    form = {
        "grant_type": "client_credentials",
        "client_id": client["ClientID"],
        "client_secret": client["ClientSecret"],
        **_values(more.get("BodyParameters")),
    }
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        **_values(more.get("HeaderParameters")),
    }
    answer = _ask(
        str(oauth["HttpMethod"]),
        str(oauth["AuthorizationEndpoint"]),
        _values(more.get("QueryStringParameters")),
        headers,
        urlencode(form),
    )
    try:
        return str(json.loads(answer.data)["access_token"])
    except (ValueError, KeyError, TypeError):
        raise DeliveryError(
            "SDK_CLIENT_ERROR",
            "Unable to invoke ApiDestination endpoint: its connection's authorization endpoint "
            f"answers {answer.status} without a token",
            retry=True,
        ) from None


def _values(parameters: Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    return {str(one["Key"]): str(one["Value"]) for one in parameters or ()}


def _with_members(text: str, members: Mapping[str, str]) -> str:
    """A connection's body parameters become members of a JSON object."""
    if not members:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return json.dumps({**value, **members}) if isinstance(value, dict) else text


def _on_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
