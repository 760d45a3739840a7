"""An SNS on loopback: https with a CA of its own, a signing certificate, subscriptions; envelopes by AWS's rule.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from foundation.clock import now_ms, to_rfc3339
from tests.simulators.certificates import certificate, server_tls
from tests.simulators.running import HOST

TOPIC = "arn:aws:sns:eu-central-1:123456789012:ses-events"
NO_CERTIFICATE = "/SimpleNotificationService-0.pem"  # answers with something else
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


class Sns:
    """Runs while the block does. `requests` are the paths it was asked for.

    Another `key_name` is another address of the certificate: whoever keeps the one before asks again.
    """

    def __init__(self, *, port: int = 0, key_name: str = "1") -> None:
        self.key, self.certificate = make_certificate("sns.amazonaws.com")
        self.requests: list[str] = []
        self.ca_file = certificate().ca_file
        self.port, self.key_name = port, key_name

    def __enter__(self) -> Sns:
        self._server = ThreadingHTTPServer((HOST, self.port), self._handler())
        self._server.socket = server_tls("http/1.1").wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.host = f"{HOST}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

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
            "SigningCertURL": self.url(f"/SimpleNotificationService-{self.key_name}.pem"),
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
                is_ours = self.path.endswith(f"-{sns.key_name}.pem")
                known = is_ours or self.path.startswith(("/?Action=ConfirmSubscription", NO_CERTIFICATE))
                body = pem(sns.certificate) if is_ours else b"<ok/>"
                self.send_response(200 if known else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        return Handler


def make_certificate(name: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A key and the certificate that it signs itself."""
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
    return key, builder.sign(key, hashes.SHA256())


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate as SNS hands it out."""
    return certificate.public_bytes(serialization.Encoding.PEM)
