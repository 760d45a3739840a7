"""Given for the bench: 100,000 users, a type with words for every channel, a token. `python -m bench.company`."""

from __future__ import annotations

import json
import os
import sys

import django

from bench.mix import CRITICAL_TYPE, OPTED_IN, TYPE, USERS, user_id

CHUNK = 5_000


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    _users()
    _type()
    _critical_type()
    json.dump({"token": _token()}, sys.stdout)


def _users() -> None:
    from django.db import transaction

    from preferences.models import Device, PreferenceRow, User

    with transaction.atomic():
        users = User.objects.bulk_create(
            [
                User(user_id=user_id(n), email=f"{user_id(n)}@example.com", phone=f"+49151{n:08d}", locale="en")
                for n in range(USERS)
            ],
            batch_size=CHUNK,
        )
        Device.objects.bulk_create(
            [
                Device(user=user, device_id=f"d{n}", token=f"{n:064x}", platform="apns" if n % 2 else "fcm")
                for n, user in enumerate(users)
            ],
            batch_size=CHUNK,
        )
        PreferenceRow.objects.bulk_create(
            [PreferenceRow(user=user, scope="*", channel="sms", enabled=True) for user in users[:OPTED_IN]],
            batch_size=CHUNK,
        )


def _type() -> None:
    from templates_app.models import NotificationType
    from templates_app.publish import publish
    from templates_app.words import Words

    kind = NotificationType.objects.create(
        name=TYPE, category="bench", priority="normal", channels=["in_app", "push", "email", "sms"]
    )
    body = "Order {{ order_id }} is on its way via {{ carrier }}."
    publish(
        kind,
        [
            Words("in_app", "en", title="On its way", body=body, action_url="/orders/{{ order_id }}"),
            Words("push", "en", title="On its way", body=body),
            Words("email", "en", title="Order {{ order_id }}", body=body, html=f"<h1>On its way</h1><p>{body}</p>"),
            Words("sms", "en", body=body),
        ],
    )


def _critical_type() -> None:
    from templates_app.models import NotificationType
    from templates_app.publish import publish
    from templates_app.words import Words

    kind = NotificationType.objects.create(
        name=CRITICAL_TYPE, category="bench_security", priority="critical", channels=["push"]
    )
    publish(kind, [Words("push", "en", title="Your code", body="It is {{ order_id }}.")])


def _token() -> str:
    from notifications.credentials import create_token

    scopes = ["notifications:send", "notifications:read", "users:read", "users:write", "operate", "priority:raise"]
    secret, _ = create_token(name="bench", kind="admin", scopes=scopes)
    return secret


if __name__ == "__main__":
    main()
