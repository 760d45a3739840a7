"""Google's token endpoint: a signed assertion in, an access token out.

https://developers.google.com/identity/protocols/oauth2/service-account#httprest
"""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import jwt

from tests.simulators.running import HOST

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPE = "https://www.googleapis.com/auth/"


class TokenEndpoint:
    """`issued` are the tokens given out; `answer` (status, body) is said instead of one while it is set."""

    def __init__(self, public_key: Any, issuer: str, *, port: int = 0) -> None:
        self.public_key, self.issuer = public_key, issuer
        self.issued: list[str] = []
        self.life_s = 3_600
        self.answer: tuple[int, dict[str, Any]] | None = None
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                status, told = endpoint.answer or endpoint.token(form)
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer((HOST, port), Handler)
        self.uri = f"http://{HOST}:{self._server.server_address[1]}/token"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def token(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """A token for a form that is in order, else what is wrong."""
        if form.get("grant_type") != [GRANT]:
            return 400, {"error": "unsupported_grant_type"}
        try:
            claims = jwt.decode(form["assertion"][0], self.public_key, algorithms=["RS256"], audience=AUDIENCE)
        except (KeyError, jwt.InvalidTokenError) as error:
            return 400, {"error": "invalid_grant", "error_description": f"Invalid JWT: {error}"}
        if claims["iss"] != self.issuer or SCOPE not in claims["scope"] or claims["exp"] - time.time() > 3_700:
            return 400, {"error": "invalid_grant", "error_description": "Invalid claims"}
        self.issued.append(f"ya29.{uuid4().hex}")
        return 200, {"access_token": self.issued[-1], "expires_in": self.life_s, "token_type": "Bearer"}

    def close(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
