"""The four channels and what people call them."""

from __future__ import annotations

CHANNELS = ("in_app", "push", "email", "sms")
EVERY = "*"

LABELS = {"in_app": "in-app", "push": "push", "email": "email", "sms": "SMS"}

# Everything is on except SMS, which is opt-in (contract §4).
ON_BY_DEFAULT = frozenset({"in_app", "push", "email"})

# No preference turns these off (contract §4).
ALWAYS_ON = frozenset({"in_app"})
