"""The frozen values that `preferences.decide` works on. No Django, no servers.

A `Profile` is what Redis caches for a user (1 h) and what SQL fills it from, one query for a whole batch.
"""

from __future__ import annotations

import msgspec


class TypeFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What routing must know of a notification type. `channels` are its defaults, in order.

    `marketing` puts its email under the marketing limit and quiet hours; `two_factor` its SMS under the 2FA limit.
    `mandatory` (security): can't be turned off, goes to its own channels wherever there is an address.
    `dedupe_window_s`: same token, type, user and data within it is a `duplicate`; 0 is off.
    `expires_after_s`: default expiry; 0 is none.
    `sms_countries`: ISO codes of the countries its SMS go to; empty is everywhere.
    """

    name: str
    category: str
    priority: str
    channels: tuple[str, ...]
    mandatory: bool = False
    marketing: bool = False
    two_factor: bool = False
    fallback: bool = True
    dedupe_window_s: int = 0
    expires_after_s: int = 0
    version: int = 0
    template_version: int = 0
    sms_countries: tuple[str, ...] = ()


class Device(msgspec.Struct, frozen=True, omit_defaults=True):
    """A push token. `platform`: "apns", "fcm", "web"."""

    id: str
    token: str
    platform: str


class QuietHours(msgspec.Struct, frozen=True):
    """Local times "HH:MM"; `days` are ISO weekdays (1 Monday … 7 Sunday) on which a quiet period starts."""

    start: str
    end: str
    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)


class PreferenceCell(msgspec.Struct, frozen=True):
    """A row that differs from the default: `scope` is a type, a category or "*"; `channel` a channel or "*"."""

    scope: str
    channel: str
    enabled: bool


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user as routing sees one. `known` is False for a user nobody registered; `suppressed` holds addresses."""

    user_id: str
    known: bool = True
    locale: str = ""
    time_zone: str = "UTC"
    email: str = ""
    phone: str = ""
    devices: tuple[Device, ...] = ()
    quiet_hours: QuietHours | None = None
    preferences: tuple[PreferenceCell, ...] = ()
    suppressed: frozenset[str] = frozenset()
    invalid: frozenset[str] = frozenset()
    erased: bool = False


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One notification to be decided: everything of the record that the decision depends on. Times in ms.

    `now` is the time the record was put on its topic, never the wall clock. `channels` is the request's explicit
    override, `only` restricts to channels that are being resumed (after quiet hours, as a fallback, in a replay).
    """

    id: str
    user: str
    priority: str
    now: int
    channels: tuple[str, ...] | None = None
    only: tuple[str, ...] | None = None
    schedule_at: int | None = None
    expires_at: int | None = None
    resumed: str = ""


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a channel goes to: an email, an E.164 number, a push token with its platform; in-app has the user id."""

    address: str
    platform: str = ""
    device: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The decision for one channel: "send" to `addresses`, "drop" with `reason`, or "defer" until `due` (ms).

    `reason` is one of contract §4's for a drop; "scheduled" or "quiet_hours" for a deferral; for a send it says why
    the channel is on ("default", "preference", "mandatory", "in_app_always_on"). `limit` names the per-user limit
    a send counts towards ("" for none). `detail` is a sentence for people, `setting` what is behind it.
    """

    channel: str
    verdict: str
    reason: str = ""
    detail: str = ""
    setting: str = ""
    due: int | None = None
    addresses: tuple[Address, ...] = ()
    limit: str = ""
