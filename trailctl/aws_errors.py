"""Errors of AWS calls for the person at the keyboard: one line that says what to do."""

from __future__ import annotations

import re

from botocore import exceptions

from trailctl.names import unknown
from trailctl.session import region_names

# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html and what services add to it
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_WRONG = {
    *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"),
    *("InvalidToken", "IncompleteSignature", "MissingAuthenticationToken"),
}
_REFUSED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_TOO_OFTEN = {
    *("Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"),
    *("RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown"),
    *("LimitExceededException", "PriorRequestNotComplete", "BandwidthLimitExceeded"),
}
_RENEW = "sign in again (aws sso login), or renew them"
_REGION = re.compile(r"//[^/]*\.([a-z]{2,4}(?:-[a-z]+)+-[0-9]+)\.amazonaws\.com")
_NETWORK = (
    exceptions.EndpointConnectionError,
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
)
_SIGN_IN = (
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
    exceptions.CredentialRetrievalError,
    exceptions.UnauthorizedSSOTokenError,
    *filter(None, [getattr(exceptions, "LoginError", None)]),  # of newer releases
)
_NONE = (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)


def told(error: Exception) -> str | None:
    """The line; None for an error that AWS and botocore have nothing to do with."""
    if isinstance(error, exceptions.ClientError):
        return _answered(error)
    if isinstance(error, _NONE):
        return (
            f"{_said(error)}: give a profile that has some (AWS_PROFILE, or --profile where there "
            "is one), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if isinstance(error, _SIGN_IN):
        return f"the AWS credentials can't be had ({_said(error)}): {_RENEW}"
    if isinstance(error, exceptions.NoRegionError):
        return "no Region is known: give --region, or set AWS_REGION"
    if isinstance(error, _NETWORK):
        region = _REGION.search(str(error))
        if region and region[1] not in region_names():
            return f"AWS can't be reached: {unknown('Region', [region[1]], region_names())}"
        return (
            f"AWS can't be reached ({_said(error)}): look at the network, the proxy and "
            "AWS_ENDPOINT_URL"
        )
    if isinstance(error, exceptions.BotoCoreError):
        return _said(error)
    return None


def _answered(error: exceptions.ClientError) -> str:
    code = str(error.response.get("Error", {}).get("Code", ""))
    said = str(error.response.get("Error", {}).get("Message", "")) or code
    call = error.operation_name
    if code in _EXPIRED:
        return f"the AWS credentials have expired ({call}: {code}): {_RENEW}"
    if code in _WRONG:
        return f"AWS does not take the credentials ({call}: {code}): look at their keys and profile"
    if code in _REFUSED:
        return f"AWS refuses {call} to these credentials: {said}"
    if code in _TOO_OFTEN:
        return f"AWS throttles {call}: try again in a minute, or with fewer at a time"
    return f"{call} failed: {said} ({code})"


def _said(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
