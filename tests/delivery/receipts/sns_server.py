"""An SNS on loopback: https with a CA of its own, a signing certificate, subscriptions; envelopes by AWS's rule."""

from __future__ import annotations

import base64
import ipaddress
import json
import ssl
import tempfile
import threading
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from foundation.clock import now_ms, to_rfc3339

TOPIC = "arn:aws:sns:eu-central-1:123456789012:ses-events"
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


class Sns:
    """Runs while the block does. `requests` are the paths it was asked for."""

    def __init__(self) -> None:
        self.key, self.certificate = make_certificate("sns.amazonaws.com")
        self.requests: list[str] = []
        self._folder = tempfile.TemporaryDirectory()
        self.ca_file = Path(self._folder.name) / "ca.pem"

    def __enter__(self) -> Sns:
        server_key, server_certificate = make_certificate("localhost", host="127.0.0.1")
        self.ca_file.write_bytes(pem(server_certificate))
        pair = Path(self._folder.name) / "server.pem"
        pair.write_bytes(key_pem(server_key) + pem(server_certificate))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self._folder.cleanup()

    def url(self, path: str) -> str:
        return f"https://{self.host}{path}"

    def envelope(
        self, message: Any, *, version: str = "2", kind: str = "Notification", **changed: Any
    ) -> dict[str, Any]:
        """A signed envelope; `changed` are fields as SNS would have them, before it signs."""
        fields: dict[str, Any] = {
            "Type": kind,
            "MessageId": str(uuid.uuid4()),
            "TopicArn": TOPIC,
            "Message": message if isinstance(message, str) else json.dumps(message),
            "Timestamp": to_rfc3339(now_ms()),
            "SignatureVersion": version,
            "SigningCertURL": self.url("/SimpleNotificationService-1.pem"),
        }
        if kind != "Notification":
            fields |= {"Token": "t0ken", "SubscribeURL": self.url("/?Action=ConfirmSubscription&Token=t0ken")}
        fields |= changed
        return fields | {"Signature": self.sign(fields)}

    def sign(self, fields: dict[str, Any]) -> str:
        text = "".join(f"{name}\n{fields[name]}\n" for name in SIGNED[fields["Type"]] if name in fields)
        digest = {"1": hashes.SHA1(), "2": hashes.SHA256()}[fields["SignatureVersion"]]
        return base64.b64encode(self.key.sign(text.encode(), padding.PKCS1v15(), digest)).decode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sns = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sns.requests.append(self.path)
                known = self.path.endswith("-1.pem") or self.path.startswith("/?Action=ConfirmSubscription")
                body = pem(sns.certificate) if self.path.endswith("-1.pem") else b"<ok/>"
                self.send_response(200 if known else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        return Handler


def make_certificate(name: str, host: str = "") -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    if host:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        builder = builder.add_extension(names, critical=False)
    return key, builder.sign(key, hashes.SHA256())


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
