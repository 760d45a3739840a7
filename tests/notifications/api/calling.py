"""Given for the tests of the API: a client with a token, and what its answers must look like."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from notifications.credentials import create_token

EVENT = {
    "type": "order_shipped",
    "target": {"type": "user", "user_id": "usr_42"},
    "data": {"order_id": "ord_abc123", "carrier": "FedEx"},
}


class Caller:
    """A service with a token of its own."""

    def __init__(self, *scopes: str, **options: Any) -> None:
        secret, self.row = create_token(name=f"caller {len(scopes)} {id(self)}", scopes=scopes, **options)
        self.headers = {"Authorization": f"Bearer {secret}"}
        self._client = Client()

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """POSTs a body (bytes as they are, anything else as JSON) below /api/v1/."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.post(f"/api/v1/{path}", raw, content_type="application/json", headers=self.headers | named)

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1/{path}", headers=self.headers)

    def delete(self, path: str) -> Any:
        return self._client.delete(f"/api/v1/{path}", headers=self.headers)


def assert_problem(answer: Any, status: int, field: str | None = None) -> dict[str, Any]:
    """The answer is problem details of this status, with the field and a remedy where one is named."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["code"]
    assert body["detail"]
    if field is not None:
        assert body["field"] == field
        assert body["remedy"]
    return body
