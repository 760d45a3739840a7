"""A push service and the browsers behind it: verifies who sends (RFC 8292), decrypts as a browser does (RFC 8291).

Given a folder, it keeps the browsers there and is the same service when it is started again.

https://www.rfc-editor.org/rfc/rfc8030
"""

from __future__ import annotations

import base64
import json
import os
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tests.simulators.certificates import certificate, pem_of
from tests.simulators.control import CODE, LIMITED, OK, Answer, Script
from tests.simulators.folder import Folder
from tests.simulators.http2 import Http2Simulator, Reply, Request
from tests.simulators.running import HOST

SUBJECT = "mailto:ops@example.com"
MAX_BYTES, LONGEST_TOKEN_S = 4_096, 24 * 3_600
KEY_FILE, BROWSERS_FILE = "vapid.pem", "browsers.json"


class Browser(NamedTuple):
    """What one subscription's browser keeps to itself."""

    key: ec.EllipticCurvePrivateKey
    auth: bytes


class WebPushSimulator(Http2Simulator):
    """`subscribe` makes an address; the script's addresses are the endpoints' paths. It knows one sender's key."""

    def __init__(self, script: Script | None = None, *, folder: Folder | None = None, **more: int) -> None:
        super().__init__(script, **more)
        self._folder = folder
        self.sender = folder.ec_key(KEY_FILE) if folder else ec.generate_private_key(ec.SECP256R1())
        self.browsers: dict[str, Browser] = browsers_in(folder) if folder else {}

    @property
    def base_url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def options(self, private_key_file: object) -> dict[str, Any]:
        """An account's options for the sender that this service knows."""
        return {
            "private_key_file": str(private_key_file),
            "subject": SUBJECT,
            "services": [HOST],
            "allow_private": True,
            "ca_file": str(certificate().ca_file),
        }

    @property
    def key_pem(self) -> str:
        return pem_of(self.sender)

    def subscribe(self, name: str) -> str:
        """A browser's subscription in JSON: what an app registers as the device's token."""
        browser = Browser(ec.generate_private_key(ec.SECP256R1()), os.urandom(16))
        self.browsers[f"/push/{name}"] = browser
        if self._folder:
            self._folder.write(BROWSERS_FILE, json.dumps({path: kept(each) for path, each in self.browsers.items()}))
        keys = {"p256dh": encoded(point(browser.key)), "auth": encoded(browser.auth)}
        return json.dumps({"endpoint": f"{self.base_url}/push/{name}", "expirationTime": None, "keys": keys})

    def name(self, request: Request) -> tuple[str, str]:
        return "", request.path

    def refusal(self, request: Request) -> Answer | None:
        status = self._status(request)
        return Answer(CODE, str(status)) if status else None

    def reply(self, request: Request, answer: Answer) -> Reply:
        if answer.kind == OK:
            return Reply(201, {"location": f"{self.base_url}/message/{os.urandom(8).hex()}"})
        status = 429 if answer.kind == LIMITED else int(answer.code)
        headers = {"retry-after": str(answer.extra["retry_after"])} if "retry_after" in answer.extra else {}
        told = {name: answer.extra[name] for name in ("reason", "errno") if name in answer.extra}
        return Reply(status, headers, json.dumps(told).encode() if told else answer.extra.get("body", b""))

    def keep(self, request: Request, answer: Answer) -> None:
        browser = self.browsers.get(request.path)
        body = self._shown(browser, request.body) if browser else None
        self.script.take(
            id=(body or {}).get("notification_id", ""),
            address=request.path,
            answer=answer.kind,
            headers=request.headers,
            body=body,
        )

    def _status(self, request: Request) -> int:
        """What is wrong with a request, as an HTTP status; 0 for nothing."""
        headers = request.headers
        if request.path not in self.browsers:
            return 404
        if refused := self._refuses_sender(headers.get("authorization", "")):
            return refused
        if not headers.get("ttl", "").isdecimal() or headers.get("content-encoding") != "aes128gcm":
            return 400
        topic = headers.get("topic", "A")
        if len(topic) > 32 or not topic.replace("-", "A").replace("_", "A").isalnum() or not topic.isascii():
            return 400
        if headers.get("urgency", "normal") not in ("very-low", "low", "normal", "high"):
            return 400
        return 413 if len(request.body) > MAX_BYTES else 0

    def _refuses_sender(self, authorization: str) -> int:
        scheme, _, rest = authorization.partition(" ")
        said = dict(each.strip().partition("=")[::2] for each in rest.split(","))
        if scheme.lower() != "vapid" or not {"t", "k"} <= said.keys():
            return 401
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(said["k"]))
        try:
            claims = jwt.decode(
                said["t"], key, ["ES256"], audience=self.base_url, options={"require": ["aud", "exp", "sub"]}
            )
        except jwt.InvalidTokenError:
            return 401
        if claims["exp"] > time.time() + LONGEST_TOKEN_S:
            return 401
        return 0 if decoded(said["k"]) == point(self.sender) else 403

    @staticmethod
    def _shown(browser: Browser, body: bytes) -> dict[str, Any]:
        plain = http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.auth, version="aes128gcm")
        shown: dict[str, Any] = json.loads(plain)
        return shown


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key's public half, uncompressed."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def browsers_in(folder: Folder) -> dict[str, Browser]:
    """The browsers that were kept in `folder`, by their endpoints' paths."""
    found = json.loads(folder.read(BROWSERS_FILE) or "{}")
    return {path: browser_of(**told) for path, told in found.items()}


def kept(browser: Browser) -> dict[str, str]:
    """A browser in JSON."""
    return {"key": pem_of(browser.key), "auth": encoded(browser.auth)}


def browser_of(*, key: str, auth: str) -> Browser:
    """What `kept` has made, read again."""
    found = load_pem_private_key(key.encode(), None)
    assert isinstance(found, ec.EllipticCurvePrivateKey)
    return Browser(found, decoded(auth))


def path_of(address: str) -> str:
    """Where a push to `address` arrives: a subscription's path; anything else is its own."""
    try:
        return urlsplit(json.loads(address)["endpoint"]).path
    except (ValueError, TypeError, KeyError):
        return address
