"""The company's notification types: their rules, an example of their data, their words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demo.company import marketing, orders, security, social
from templates_app.words import Words

TWO_FACTOR_EXPIRY_S = 600


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type as it is seeded; `rules` are further fields of `templates_app.models.NotificationType`."""

    name: str
    category: str
    priority: str
    channels: tuple[str, ...]
    description: str
    example: dict[str, Any]
    texts: list[Words]
    rules: dict[str, Any] = field(default_factory=dict)


KINDS = (
    Kind(
        name="order_confirmed",
        category="order_updates",
        priority="high",
        channels=("in_app", "push", "email"),
        description="An order was placed and paid.",
        example={
            "order_id": "ord_abc123",
            "items": [{"name": "Pour-over set", "count": 1, "price": 39.9}, {"name": "Mug", "count": 2, "price": 19.0}],
            "total": 58.9,
            "currency": "EUR",
            "delivery_date": "2026-02-27",
        },
        texts=orders.CONFIRMED,
    ),
    Kind(
        name="order_shipped",
        category="order_updates",
        priority="high",
        channels=("in_app", "push", "email"),
        description="A parcel has left the warehouse.",
        example={"order_id": "ord_abc123", "tracking_number": "TR12345", "carrier": "FedEx"},
        texts=orders.SHIPPED,
    ),
    Kind(
        name="order_delayed",
        category="order_updates",
        priority="high",
        channels=("in_app", "push", "email"),
        description="An order comes later than promised.",
        example={"order_id": "ord_abc123", "new_date": "2026-03-02", "reason": "Snow has closed the depot in Leipzig."},
        texts=orders.DELAYED,
    ),
    Kind(
        name="payment_failed",
        category="payments",
        priority="critical",
        channels=("in_app", "push", "email", "sms"),
        description="A card was declined; the order waits.",
        example={
            "order_id": "ord_abc123",
            "amount": 58.9,
            "currency": "EUR",
            "card_last4": "4242",
            "retry_until": "2026-02-26",
        },
        texts=orders.PAYMENT_FAILED,
    ),
    Kind(
        name="delivery_feedback",
        category="feedback",
        priority="normal",
        channels=("in_app", "email"),
        description="Asks how a delivery went.",
        example={"order_id": "ord_abc123", "store_name": "Kaffeehaus Nord"},
        texts=orders.FEEDBACK,
    ),
    Kind(
        name="login_code",
        category="security",
        priority="critical",
        channels=("sms", "push", "in_app"),
        description="A one-time code for signing in.",
        example={"code": "4711"},
        texts=security.LOGIN_CODE,
        rules={"mandatory": True, "two_factor": True, "expires_after_s": TWO_FACTOR_EXPIRY_S},
    ),
    Kind(
        name="password_changed",
        category="security",
        priority="critical",
        channels=("in_app", "push", "email"),
        description="Somebody changed the password.",
        example={"device": "Firefox on Linux", "city": "Hamburg", "time": "2026-02-23T14:30:00+01:00"},
        texts=security.PASSWORD_CHANGED,
        rules={"mandatory": True},
    ),
    Kind(
        name="new_follower",
        category="social",
        priority="normal",
        channels=("in_app", "push"),
        description="Somebody follows the user.",
        example={"follower_id": "usr_7", "follower_name": "Ben Okafor", "followers": 1204},
        texts=social.FOLLOWER,
    ),
    Kind(
        name="comment_reply",
        category="social",
        priority="normal",
        channels=("in_app", "push"),
        description="Somebody answered the user's comment.",
        example={
            "post_id": "post_88",
            "comment_id": "c_512",
            "post_title": "Six ways to brew",
            "author_name": "Clara Schneider",
            "excerpt": "I tried it with a paper filter, and it was a revelation.",
        },
        texts=social.REPLY,
    ),
    Kind(
        name="friend_joined",
        category="social",
        priority="normal",
        channels=("in_app", "push"),
        description="A contact has joined.",
        example={"friend_id": "usr_13", "friend_name": "Emil Huber"},
        texts=social.FRIEND,
    ),
    Kind(
        name="price_drop",
        category="promotions",
        priority="low",
        channels=("in_app", "push", "email"),
        description="Something on the user's list got cheaper.",
        example={
            "product_id": "prd_31",
            "product_name": "Copper kettle",
            "old_price": 89.0,
            "new_price": 64.5,
            "currency": "EUR",
        },
        texts=marketing.PRICE_DROP,
        rules={"marketing": True},
    ),
    Kind(
        name="weekly_digest",
        category="digests",
        priority="low",
        channels=("email", "in_app"),
        description="The week in a few stories.",
        example={
            "week": "2026-W08",
            "stories": [
                {"title": "Six ways to brew", "url": "https://example.com/brew", "summary": "And the one we kept."},
                {
                    "title": "A kettle’s life",
                    "url": "https://example.com/kettle",
                    "summary": "Made in Lübeck, by hand.",
                },
            ],
        },
        texts=marketing.DIGEST,
        rules={"marketing": True},
    ),
    Kind(
        name="platform_announcement",
        category="announcements",
        priority="normal",
        channels=("in_app", "push", "email"),
        description="News for everybody, usually a broadcast.",
        example={"title": "New Feature: Dark Mode!", "body": "Try our new dark mode in settings."},
        texts=marketing.ANNOUNCEMENT,
    ),
)
