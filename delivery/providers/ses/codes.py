"""What SES' errors mean here. The one table.

SendEmail: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
every call: https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
their words: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
"""

from __future__ import annotations

from typing import NamedTuple

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)

from delivery.providers.said import without_addresses
from delivery.providers.waits import retry_after_s
from foundation.errors import (
    Ambiguous,
    Misconfigured,
    PermanentForAddress,
    PermanentForMessage,
    ProviderError,
    ProviderRateLimited,
    Transient,
)

# SES names no wait: its rate is by the second, its quota by the rolling day.
SOON_S, DAILY_S = 1.0, 3_600.0


class Meaning(NamedTuple):
    """A class of the tree, a sentence with the remedy, and seconds to wait where that is asked."""

    kind: type[ProviderError]
    detail: str
    wait_s: float = 0.0


_CREDENTIALS = Meaning(Misconfigured, "AWS refuses our credentials. Correct access_key_id and its secret.")
_EXPIRED = Meaning(Misconfigured, "The credentials have expired. Put new ones in place.")
_DENIED = Meaning(Misconfigured, "The credentials may not send. Allow them ses:SendEmail for this sender.")
_CLOCK = Meaning(Misconfigured, "The request's time isn't AWS' time. Set this machine's clock.")
_PAUSED = Meaning(Misconfigured, "Sending is paused. Look into SES' console why, and resume it.")
_UNVERIFIED = Meaning(Misconfigured, "The sender isn't verified, or the account is in SES' sandbox. Verify from_email.")
_RATE = Meaning(ProviderRateLimited, "The account's sending rate is used up. Lower the account's rate.", SOON_S)
_QUOTA = Meaning(ProviderRateLimited, "The account's mails for 24 hours are used up. Ask AWS for more.", DAILY_S)
_INTERNAL = Meaning(Transient, "SES has an internal error.")
_MALFORMED = Meaning(PermanentForMessage, "SES refuses this mail as malformed. Look at the template and its data.")

_NO_ADDRESS = Meaning(PermanentForAddress, "SES takes no such address. Ask the user for another.")

CODES: dict[str, Meaning] = {
    # --- SendEmail
    "AccountSuspendedException": Meaning(Misconfigured, "AWS has ended this account's sending. Settle that with AWS."),
    "BadRequestException": _MALFORMED,
    "LimitExceededException": _QUOTA,
    "MailFromDomainNotVerifiedException": Meaning(
        Misconfigured, "The MAIL FROM domain isn't verified. Set its MX record, or take it from the identity."
    ),
    "MessageRejected": Meaning(PermanentForMessage, "SES refuses this mail's content. Look at the template."),
    "NotFoundException": Meaning(Misconfigured, "SES has no such configuration set. Correct configuration_set."),
    "SendingPausedException": _PAUSED,
    "TooManyRequestsException": _RATE,
    # --- the same under the names of the older API, which policies and proxies still use
    "AccountSendingPausedException": _PAUSED,
    "ConfigurationSetSendingPausedException": _PAUSED,
    "ConfigurationSetDoesNotExistException": Meaning(
        Misconfigured, "SES has no such configuration set. Correct configuration_set."
    ),
    "Throttling": _RATE,
    "ThrottlingException": _RATE,
    # --- every call
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "IncompleteSignature": _CREDENTIALS,
    "InternalFailure": _INTERNAL,
    "InternalServerError": _INTERNAL,
    "InternalServiceErrorException": _INTERNAL,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "MalformedHttpRequestException": _MALFORMED,
    "MissingAuthenticationToken": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "NotAuthorized": _DENIED,
    "OptInRequired": Meaning(Misconfigured, "The AWS account isn't signed up for SES in this region."),
    "RequestAbortedException": Meaning(Ambiguous, "The call was cut off; the mail may have been taken."),
    "RequestEntityTooLargeException": Meaning(PermanentForMessage, "The mail is larger than SES takes. Shorten it."),
    "RequestExpired": _CLOCK,
    "RequestTimeoutException": Meaning(Transient, "SES waited too long for the call."),
    "ServiceUnavailable": Meaning(Transient, "SES is not available right now."),
    "ServiceUnavailableException": Meaning(Transient, "SES is not available right now."),
    "SignatureDoesNotMatch": _CREDENTIALS,
    "UnknownOperationException": Meaning(Misconfigured, "This isn't SES' address. Correct region and endpoint_url."),
    "UnrecognizedClientException": _CREDENTIALS,
    "ValidationError": _MALFORMED,
    "ValidationException": _MALFORMED,
}

# What the same code says in other words (troubleshoot-error-messages).
WORDS: tuple[tuple[str, str, Meaning], ...] = (
    ("MessageRejected", "not verified", _UNVERIFIED),
    ("MessageRejected", "sending paused", _PAUSED),
    ("BadRequestException", "not verified", _UNVERIFIED),
    (
        "BadRequestException",
        "illegal address",
        _NO_ADDRESS,
    ),
    ("Throttling", "quota exceeded", _QUOTA),
    ("ThrottlingException", "quota exceeded", _QUOTA),
    ("TooManyRequestsException", "quota exceeded", _QUOTA),
)

# botocore's own exceptions: nothing has left yet.
_NOT_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)


def outcome(error: Exception | None) -> ProviderError:
    """The error for what botocore raised; None: an answer that can't be read."""
    if isinstance(error, ClientError):
        return answered(error)
    if isinstance(error, _NOT_SENT):
        return Transient(f"SES can't be reached ({type(error).__name__}).", provider_code="connect")
    if isinstance(error, _NO_CREDENTIALS):
        return Misconfigured("There are no AWS credentials. Give access_key_id and its secret.", provider_code="secret")
    if isinstance(error, SSLError):
        return Misconfigured("SES' certificate isn't trusted. Correct endpoint_url or ca_file.", provider_code="tls")
    if isinstance(error, ParamValidationError):
        return PermanentForMessage(_MALFORMED.detail, provider_code="parameters")
    if isinstance(error, BotoCoreError):
        return Ambiguous(
            f"SES didn't answer ({type(error).__name__}); the mail may have been taken.", provider_code="no_answer"
        )
    return Ambiguous("SES' answer can't be read; the mail may have been taken.", provider_code="answer")


def answered(error: ClientError) -> ProviderError:
    """The error for SES' answer, by its code, then by its words, else by its HTTP status."""
    told = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    code, words = str(told.get("Code", "")), str(told.get("Message", ""))
    meaning = _by_words(code, words) or CODES.get(code) or _by_status(int(metadata.get("HTTPStatusCode", 0)))
    if meaning.kind is ProviderRateLimited:
        header = metadata.get("HTTPHeaders", {}).get("retry-after")
        return ProviderRateLimited(
            meaning.detail, provider_code=code, retry_after=retry_after_s(header, meaning.wait_s)
        )
    detail = meaning.detail if code in CODES else f"{meaning.detail} SES says: {code} {without_addresses(words)}."
    return meaning.kind(detail, provider_code=code)


def _by_words(code: str, words: str) -> Meaning | None:
    lowered = words.lower()
    return next((meaning for of, part, meaning in WORDS if of == code and part in lowered), None)


def _by_status(status: int) -> Meaning:
    if status == 429:
        return _RATE
    if status in (502, 504):
        return Meaning(Ambiguous, "Something before SES gave up waiting; the mail may have been taken.")
    if status >= 500:
        return _INTERNAL
    if status in (401, 403, 404):
        return _DENIED
    return _MALFORMED
