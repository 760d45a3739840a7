"""A small catalog, tokens, and an API client for the REST tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.test import Client
from hypothesis import settings as hypothesis_settings

from preferences.facts import TypeFacts

# A busy machine is no failure: what is tested is what holds, not how fast.
hypothesis_settings.register_profile("steady", deadline=None)
hypothesis_settings.load_profile("steady")


class Api:
    """The REST API as one token sees it: `api.put("users/usr_1", {...})` answers with status and decoded body."""

    def __init__(self, secret: str | None) -> None:
        self._client = Client()
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = self._client.generic(
            method,
            f"/api/v1/{path}",
            b"" if body is None else msgspec.json.encode(body),
            content_type="application/json",
            headers=self._headers,
        )
        return answer.status_code, msgspec.json.decode(answer.content) if answer.content else None

    def get(self, path: str) -> tuple[int, Any]:
        return self.call("GET", path)

    def put(self, path: str, body: Any) -> tuple[int, Any]:
        return self.call("PUT", path, body)

    def delete(self, path: str) -> tuple[int, Any]:
        return self.call("DELETE", path)


class Keeper(Api):
    """The API as one who keeps the list."""

    def __init__(self, *scopes: str) -> None:
        from notifications.credentials import create_token

        super().__init__(create_token(name=f"keeper {scopes}", scopes=scopes)[0])

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        return self.call("POST", path, body)

    def send_file(self, content: bytes, media: str) -> Any:
        return self._client.generic(
            "POST", "/api/v1/suppressions/import", content, content_type=media, headers=self._headers
        )

    def export(self, form: str) -> bytes:
        answer = self._client.get(f"/api/v1/suppressions/export?as={form}", headers=self._headers)
        assert answer.status_code == 200
        return b"".join(answer.streaming_content)


@pytest.fixture
def keeper() -> Keeper:
    return Keeper("suppressions:read", "suppressions:write")


@pytest.fixture
def api(redis: object, transactional_db: None) -> Api:
    """The API with a service token that may read and write users."""
    from notifications.credentials import create_token

    secret, _ = create_token(name="accounts", scopes=["users:read", "users:write"])
    return Api(secret)


@pytest.fixture
def api_of(redis: object, transactional_db: None) -> Callable[[str], Api]:
    """The API with a user's own token."""
    from notifications.credentials import make_user_token

    def as_user(user_id: str) -> Api:
        made = make_user_token(user_id)
        return Api(made[0] if isinstance(made, tuple) else made)

    return as_user


@pytest.fixture
def types(api: Api) -> list[TypeFacts]:
    """Four types in three categories."""
    from templates_app.catalog import get_catalog
    from templates_app.models import NotificationType

    rows = [
        {"name": "order_shipped", "category": "order_updates", "channels": ["in_app", "push", "email", "sms"]},
        {"name": "order_delayed", "category": "order_updates", "channels": ["in_app", "push"]},
        {"name": "spring_sale", "category": "promotions", "channels": ["in_app", "push", "email"], "marketing": True},
        {"name": "login_code", "category": "security", "channels": ["email", "sms"], "mandatory": True},
    ]
    for row in rows:
        NotificationType.objects.create(**row)
    get_catalog().forget()
    return [facts for row in rows if (facts := get_catalog().facts(row["name"]))]
