"""FCM's HTTP v1 as its clients see it: HTTP/2 over TLS, access tokens of its own token endpoint.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.simulators.certificates import certificate
from tests.simulators.control import LIMITED, OK, Answer, Script
from tests.simulators.http2 import Http2Simulator, Reply, Request
from tests.simulators.oauth import TokenEndpoint
from tests.simulators.running import HOST

PROJECT, ISSUER = "example-project", "push@example-project.iam.gserviceaccount.com"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
# FcmError.errorCode: (HTTP status, google.rpc.Code)
OWN = {
    "UNSPECIFIED_ERROR": (500, "INTERNAL"),
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT"),
    "UNREGISTERED": (404, "NOT_FOUND"),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED"),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED"),
    "UNAVAILABLE": (503, "UNAVAILABLE"),
    "INTERNAL": (500, "INTERNAL"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED"),
}
GOOGLE = {
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "FAILED_PRECONDITION": 400,
    "RESOURCE_EXHAUSTED": 429,
    "DEADLINE_EXCEEDED": 504,
}


class FCMSimulator(Http2Simulator):
    """`service_account` is the key that opens it; the script's addresses are registration tokens."""

    def __init__(
        self, script: Script | None = None, *, key: rsa.RSAPrivateKey | None = None, oauth_port: int = 0, **more: int
    ) -> None:
        super().__init__(script, **more)
        key = key or rsa.generate_private_key(65_537, 2_048)
        self.oauth = TokenEndpoint(key.public_key(), ISSUER, port=oauth_port)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.service_account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": ISSUER,
            "token_uri": self.oauth.uri,
        }

    async def stop(self) -> None:
        await super().stop()
        self.oauth.close()

    def options(self, service_account_file: object) -> dict[str, object]:
        """An account's options that lead here."""
        return {
            "service_account_file": str(service_account_file),
            "url": f"https://{HOST}:{self.port}",
            "ca_file": str(certificate().ca_file),
        }

    def name(self, request: Request) -> tuple[str, str]:
        try:
            message = json.loads(request.body)["message"]
            return message.get("data", {}).get("notification_id", ""), message.get("token", "")
        except (ValueError, KeyError):
            return "", ""

    def refusal(self, request: Request) -> Answer | None:
        if request.path != f"/v1/projects/{PROJECT}/messages:send" or request.method != "POST":
            return Answer("code", "NOT_FOUND")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.oauth.issued:
            return Answer("code", "UNAUTHENTICATED")
        field = _wrong_field(request.body)
        return Answer("code", "INVALID_ARGUMENT", {"field": field}) if field else None

    def reply(self, request: Request, answer: Answer) -> Reply:
        if answer.kind == OK:
            return _json(200, {"name": f"projects/{PROJECT}/messages/0:{uuid4().hex}"})
        if answer.code.startswith("<"):
            return Reply(answer.extra.get("status", 502), {"content-type": "text/html"}, answer.code.encode())
        code = "QUOTA_EXCEEDED" if answer.kind == LIMITED else answer.code
        status, canonical = OWN.get(code) or (GOOGLE.get(code, 400), code)
        details: list[dict[str, Any]] = [{"@type": FCM_ERROR, "errorCode": code}] if code in OWN else []
        if field := answer.extra.get("field"):
            details.append({"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": "Invalid"}]})
        error = {"code": status, "message": "said by the simulator", "status": canonical, "details": details}
        wait = answer.extra.get("retry_after")
        status = answer.extra.get("status", status)
        return _json(status, {"error": error}, {} if wait is None else {"retry-after": str(wait)})


def _wrong_field(body: bytes) -> str:
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError):
        return "message"
    if not message.get("token"):
        return "message.token"
    data = message.get("data", {})
    return "" if all(isinstance(value, str) for value in data.values()) else "message.data"


def _json(status: int, told: dict[str, Any], headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, {"content-type": "application/json", **(headers or {})}, json.dumps(told).encode())
