"""The demo's credentials: a token a service, an admin, one user's own app; kept in demo.env for a shell to source.

Secrets are hashed at rest, so what demo.env holds is kept as long as it works; what is missing or revoked is made anew.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from demo.company import SERVICES, Service
from foundation.clock import now_ms
from foundation.errors import Unauthenticated
from notifications.credentials import authenticate, create_token, forget_token, make_user_token, revoke_token
from notifications.models import ServiceToken

USER_ID = "usr_42"
USER_TOKEN_S = 12 * 3600
ADMIN_USER = "admin"


def renew(before: dict[str, str]) -> dict[str, str]:
    """The variables of demo.env: those of `before` that still work, the rest made anew."""
    tokens = {service.variable: _token(service, before.get(service.variable, "")) for service in SERVICES}
    return {
        "API": f"{settings.PUBLIC_URL}/api/v1",
        "GRPC": f"localhost:{settings.ENV.GRPC_PORT}",
        "SERVICE_TOKEN": tokens.pop("SERVICE_TOKEN"),
        "ADMIN_TOKEN": tokens.pop("ADMIN_TOKEN"),
        "USER_ID": USER_ID,
        "USER_TOKEN": make_user_token(USER_ID, USER_TOKEN_S),
        "ADMIN_USER": ADMIN_USER,
        "ADMIN_PASSWORD": _admin_password(before.get("ADMIN_PASSWORD", "")),
        **tokens,
    }


def _token(service: Service, secret: str) -> str:
    """The service's secret, with the scopes and types it has now."""
    try:
        facts = authenticate(secret)
    except Unauthenticated:
        return _new_token(service)
    if facts.scopes != frozenset(service.scopes) or facts.types != service.types:
        row = ServiceToken.objects.get(pk=facts.id)
        row.scopes, row.types = sorted(service.scopes), list(service.types)
        row.save(update_fields=["scopes", "types"])
        forget_token(row.digest)
    return secret


def _new_token(service: Service) -> str:
    for row in ServiceToken.objects.filter(name=service.name):
        revoke_token(row)  # nobody has its secret any more
        row.name = f"{service.name} (before {now_ms()})"
        row.save(update_fields=["name"])
    secret, _ = create_token(name=service.name, kind=service.kind, scopes=service.scopes, types=service.types)
    return secret


def _admin_password(before: str) -> str:
    """The superuser's password. One that was changed in the admin isn't set back."""
    users: Any = get_user_model().objects
    user = users.filter(username=ADMIN_USER).first()
    if user and before:
        return before
    password = secrets.token_urlsafe(12)
    if user is None:
        users.create_superuser(ADMIN_USER, "admin@example.com", password)
    else:
        user.set_password(password)
        user.save()
    return password
