"""APNs as its clients see it: HTTP/2 over TLS, a provider token, apns-id echoed, no DATA frame on 200.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
"""

from __future__ import annotations

import json
import re
import time
from functools import lru_cache
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from tests.simulators.certificates import certificate, pem_of
from tests.simulators.control import LIMITED, OK, Answer, Script
from tests.simulators.http2 import Http2Simulator, Reply, Request
from tests.simulators.running import HOST

TEAM, KEY_ID, TOPIC = "TEAM123456", "KEY1234567", "com.example.app"
TOKEN_LIFE_S = 3_600
MAX_BYTES = 4_096
_BY_STATUS = {
    400: "BadCollapseId BadDeviceToken BadExpirationDate BadMessageId BadPriority BadTopic DeviceTokenNotForTopic "
    "DuplicateHeaders IdleTimeout InvalidPushType MissingDeviceToken MissingTopic PayloadEmpty TopicDisallowed",
    403: "BadCertificate BadCertificateEnvironment BadEnvironmentKeyIdInToken ExpiredProviderToken Forbidden "
    "InvalidProviderToken MissingProviderToken UnrelatedKeyIdInToken",
    404: "BadPath",
    405: "MethodNotAllowed",
    410: "ExpiredToken Unregistered",
    413: "PayloadTooLarge",
    429: "TooManyProviderTokenUpdates TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable Shutdown",
}
STATUS = {reason: status for status, reasons in _BY_STATUS.items() for reason in reasons.split()}


class APNsSimulator(Http2Simulator):
    """`key_pem` signs; `options` are what an account needs to get here, with the key in the file `key_file`."""

    def __init__(
        self, script: Script | None = None, *, key: ec.EllipticCurvePrivateKey | None = None, **more: int
    ) -> None:
        super().__init__(script, **more)
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        self.key_pem = pem_of(self._key)
        self._check_token = lru_cache(64)(self._wrong_token)

    def options(self, key_file: object) -> dict[str, object]:
        """An account's options that lead here."""
        return {
            "team_id": TEAM,
            "key_id": KEY_ID,
            "topic": TOPIC,
            "key_file": str(key_file),
            "host": HOST,
            "port": self.port,
            "ca_file": str(certificate().ca_file),
        }

    def name(self, request: Request) -> tuple[str, str]:
        return request.headers.get("apns-id", ""), request.path.rpartition("/")[2]

    def refusal(self, request: Request) -> Answer | None:
        wrong = self._wrong(request)
        return Answer("code", wrong) if wrong else None

    def reply(self, request: Request, answer: Answer) -> Reply:
        headers = {"apns-id": request.headers.get("apns-id", "")}
        if answer.kind == OK:
            return Reply(200, headers)
        reason = "TooManyRequests" if answer.kind == LIMITED else answer.code
        extra = dict(answer.extra)
        status = extra.pop("status", 0) or STATUS.get(reason, 400)
        if (wait := extra.pop("retry_after", None)) is not None:
            headers["retry-after"] = str(wait)
        body = reason.encode() if reason.startswith("<") else json.dumps({"reason": reason, **extra}).encode()
        return Reply(status, headers, body)

    def _wrong(self, request: Request) -> str:
        headers = request.headers
        if request.method != "POST":
            return "MethodNotAllowed"
        if not re.fullmatch("/3/device/[0-9a-fA-F]*", request.path):
            return "BadPath"
        if wrong := self._check_token(headers.get("authorization", ""), int(time.time()) // 60):
            return wrong
        if headers.get("apns-topic") != TOPIC:
            return "TopicDisallowed"
        if not _is_uuid(headers.get("apns-id", "")):
            return "BadMessageId"
        if headers.get("apns-priority", "10") not in ("1", "5", "10"):
            return "BadPriority"
        if len(headers.get("apns-collapse-id", "").encode()) > 64:
            return "BadCollapseId"
        if not request.body:
            return "PayloadEmpty"
        return "PayloadTooLarge" if len(request.body) > MAX_BYTES else ""

    def _wrong_token(self, authorization: str, minute: int) -> str:
        """ "" for a token in the form Apple asks for, else the reason. `minute` lets an answer grow old."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return "MissingProviderToken"
        try:
            head = jwt.get_unverified_header(token)
            claims = jwt.decode(token, self._key.public_key(), algorithms=["ES256"])
        except jwt.InvalidTokenError:
            return "InvalidProviderToken"
        if head.get("kid") != KEY_ID or claims.get("iss") != TEAM or not isinstance(claims.get("iat"), int):
            return "InvalidProviderToken"
        return "ExpiredProviderToken" if time.time() - claims["iat"] > TOKEN_LIFE_S else ""


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
