"""The services that send, and what each may: their tokens are scoped to their own types."""

from __future__ import annotations

from dataclasses import dataclass

SENDING = ("notifications:send", "notifications:read")
ADMIN = (
    *("notifications:send", "notifications:read", "priority:raise", "broadcast"),
    *("users:read", "users:write", "sandbox:read", "operate"),
)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A token as seeded; `variable` is its name in demo.env. No `types`: all."""

    name: str
    variable: str
    scopes: tuple[str, ...]
    types: tuple[str, ...] = ()
    kind: str = "service"


SERVICES = (
    Service(
        name="order",
        variable="SERVICE_TOKEN",
        scopes=(*SENDING, "priority:raise", "users:read", "users:write", "sandbox:read"),
        types=("order_confirmed", "order_shipped", "order_delayed", "payment_failed", "delivery_feedback"),
    ),
    Service(
        name="social",
        variable="SOCIAL_TOKEN",
        scopes=SENDING,
        types=("new_follower", "comment_reply", "friend_joined"),
    ),
    Service(
        name="auth",
        variable="AUTH_TOKEN",
        scopes=(*SENDING, "priority:raise"),
        types=("login_code", "password_changed"),
    ),
    Service(
        name="marketing",
        variable="MARKETING_TOKEN",
        scopes=(*SENDING, "broadcast"),
        types=("price_drop", "weekly_digest", "platform_announcement"),
    ),
    Service(name="admin", variable="ADMIN_TOKEN", scopes=ADMIN, kind="admin"),
)
