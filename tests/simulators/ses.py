"""Amazon SES by moto's server, with a layer in front that does what moto doesn't: errors, delays, cut connections.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html; errors are JSON with the code in the header
x-amzn-ErrorType. moto keeps what it was sent; the identity `DOMAIN` is verified there.
"""

from __future__ import annotations

import base64
import io
import json
import socket
import time
from collections.abc import Callable, Iterable
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import httpx
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.ses.models import ses_backends
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.simulators import control
from tests.simulators.control import Answer, Script
from tests.simulators.running import HOST

REGION, MOTO_ACCOUNT, DOMAIN = "eu-west-1", "123456789012", "harbor.example"
KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "a-secret-of-aws"
SEND, ACCOUNT = "/v2/email/outbound-emails", "/v2/email/account"
# The HTTP status that a code comes with, where it isn't 400.
STATUS = {
    "NotFoundException": 404,
    "TooManyRequestsException": 429,
    "AccessDeniedException": 403,
    "AccessDenied": 403,
    "ExpiredTokenException": 403,
    "ExpiredToken": 403,
    "InvalidClientTokenId": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationToken": 403,
    "MissingAuthenticationTokenException": 403,
    "SignatureDoesNotMatch": 403,
    "UnrecognizedClientException": 403,
    "OptInRequired": 403,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InternalServiceErrorException": 500,
    "RequestTimeoutException": 408,
    "RequestEntityTooLargeException": 413,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "UnknownOperationException": 404,
}
Start = Callable[..., Any]


class SESSimulator:
    """`with SESSimulator() as ses:` serves at `ses.base_url`; `ses.script` says how it answers.

    `account` is what GetAccount tells. `on_taken` is called with each mail's call and SES' id for it.
    """

    def __init__(self, *, port: int = 0) -> None:
        self.script = Script()
        self.on_taken: Callable[[dict[str, Any], str], None] | None = None
        self.account: dict[str, Any] = {}
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._over = Event()
        self._server = make_server(HOST, port, self._serve, threaded=True, request_handler=_Quiet)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self.reset()

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self._server.port}"

    def __enter__(self) -> SESSimulator:
        self._thread.start()
        self._warm_up()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def reset(self) -> None:
        """As new."""
        self.script.reset()
        quota = {"Max24HourSend": 50_000.0, "MaxSendRate": 150.0, "SentLast24Hours": 1_000.0}
        self.account = {"SendingEnabled": True, "ProductionAccessEnabled": True, "SendQuota": quota}
        backend = ses_backends[MOTO_ACCOUNT][REGION]
        backend.reset()
        backend.verify_domain(DOMAIN)

    def options(self, **other: Any) -> dict[str, Any]:
        """The options of an account here; its secret is in the variable SES_SIMULATOR_SECRET."""
        return {
            "region": REGION,
            "from_email": f"Harbor <no-reply@{DOMAIN}>",
            "access_key_id": KEY_ID,
            "secret_access_key_env": "SES_SIMULATOR_SECRET",
            "endpoint_url": self.base_url,
            **other,
        }

    def mails(self) -> list[EmailMessage]:
        """The mails that were taken, as a reader's program sees them."""
        return [
            message_from_bytes(base64.b64decode(each.body["Content"]["Raw"]["Data"]), policy=policy.default)
            for each in self.script.accepted()
        ]

    def kept_by_moto(self) -> list[str]:
        """The ids of the messages that moto has taken."""
        return [message.id for message in ses_backends[MOTO_ACCOUNT][REGION].sent_messages]

    def _warm_up(self) -> None:
        """To a question that nobody asks, whatever it says: moto's first answer takes a second, and compiles routes.

        Python can't do that in two threads at once ("AST constructor recursion depth mismatch": CPython's gh-106905).
        """
        scope = f"{KEY_ID}/20260101/{REGION}/ses/aws4_request"
        ask = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}", "Content-Type": "application/json"}
        httpx.get(f"{self.base_url}/v2/email/identities", headers=ask, timeout=30, trust_env=False)

    def _serve(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == ACCOUNT:
            return self._tell_account(start)
        if environ["PATH_INFO"] != SEND:
            return self._moto(environ, start)
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(raw)
        call = json.loads(raw)
        address = call["Destination"]["ToAddresses"][0]
        answer = self.script.next(address)
        self.script.take(id="", address=address, answer=answer.kind, headers=_headers(environ), body=call)
        if self.script.latency_s:
            time.sleep(self.script.latency_s)
        return self._answer(answer, call, environ, start)

    def _answer(self, answer: Answer, call: dict[str, Any], environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if answer.kind == control.CODE:
            return _problem(start, answer.code, answer.extra)
        if answer.kind == control.LIMITED:
            return _problem(start, "TooManyRequestsException", {"message": "Maximum sending rate exceeded."})
        if answer.kind in (control.DROP, control.GOAWAY):
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return []
        if answer.kind in (control.SILENCE, control.RUBBISH):
            self._tell_of(call, f"unanswered-{uuid4().hex}")
        if answer.kind == control.SILENCE:
            self._over.wait(60)
        if answer.kind == control.RUBBISH:
            start("200 OK", [("Content-Type", "text/html"), ("Content-Length", "18")])
            return [b"<html>what?</html>"]
        sender = _sender(call)
        if not sender.endswith(f"@{DOMAIN}"):  # in AWS' own words, which moto hasn't
            words = f"Email address is not verified. The following identities failed the check: {sender}"
            return _problem(start, "MessageRejected", {"message": words})
        body = b"".join(self._moto(environ, start))
        self._tell_of(call, json.loads(body).get("MessageId", ""))
        return self._dripping(body, answer.extra["drip_s"]) if "drip_s" in answer.extra else [body]

    def _dripping(self, body: bytes, every_s: float) -> Iterable[bytes]:
        for byte in body:
            if self._over.wait(every_s):
                return
            yield bytes([byte])

    def _tell_of(self, call: dict[str, Any], message_id: str) -> None:
        if self.on_taken is not None and message_id:
            self.on_taken(call, message_id)

    def _tell_account(self, start: Start) -> Iterable[bytes]:
        answer = self.script.next("account")
        if answer.kind == control.CODE:
            return _problem(start, answer.code, answer.extra)
        return _json(start, 200, self.account)


class _Quiet(WSGIRequestHandler):
    """Tells nobody what was asked."""

    def log(self, *_: Any) -> None:
        """Nothing is written."""


def _problem(start: Start, code: str, extra: dict[str, Any]) -> Iterable[bytes]:
    status = extra.get("status") or STATUS.get(code, 400)
    headers = [("x-amzn-ErrorType", code)] if code else []
    if "retry_after" in extra:
        headers.append(("Retry-After", str(extra["retry_after"])))
    return _json(start, status, {"message": extra.get("message", "No.")}, headers)


def _json(start: Start, status: int, body: Any, headers: Iterable[tuple[str, str]] = ()) -> Iterable[bytes]:
    raw = json.dumps(body).encode()
    start(f"{status} x", [("Content-Type", "application/json"), ("Content-Length", str(len(raw))), *headers])
    return [raw]


def _sender(call: dict[str, Any]) -> str:
    return parseaddr(message_from_bytes(base64.b64decode(call["Content"]["Raw"]["Data"]))["From"])[1]


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    return {name[5:].replace("_", "-").title(): str(value) for name, value in environ.items() if name[:5] == "HTTP_"}
