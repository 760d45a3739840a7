"""The tables of this app, one file a subject; Django finds them here."""

from notifications.models.idempotency_key import IdempotencyKey
from notifications.models.service_token import ServiceToken

__all__ = ["IdempotencyKey", "ServiceToken"]
