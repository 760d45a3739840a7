"""The people the company writes to. Each stands for something that can happen to a notification, told in `story`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

APNS, FCM = "apns", "fcm"


def apns_token(name: str) -> str:
    """A device token as Apple's look: 32 bytes in hexadecimal."""
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user as seeded. `devices` are (platform, token, name); `choices` are (scope, channel, enabled).

    `suppressed` are (channel, reason), `dead` channels of this person's addresses.
    """

    user_id: str
    name: str
    story: str
    locale: str
    time_zone: str
    email: str = ""
    phone: str = ""
    devices: tuple[tuple[str, str, str], ...] = ()
    choices: tuple[tuple[str, str, bool], ...] = ()
    quiet_hours: dict[str, Any] | None = None
    suppressed: tuple[tuple[str, str], ...] = ()
    dead: tuple[str, ...] = ()
    erased: bool = False


PEOPLE = (
    Person(
        user_id="usr_42",
        name="Ada Lovelace",
        story="Every channel is on, SMS too, and there are no quiet hours: whatever is sent arrives everywhere.",
        locale="en-US",
        time_zone="America/New_York",
        email="ada@example.com",
        phone="+12025550142",
        devices=(
            (APNS, apns_token("apns-ada-iphone-7f3a"), "Ada’s iPhone"),
            (FCM, "fcm-ada-tablet-19c2", "Ada’s tablet"),
        ),
        choices=(("*", "sms", True),),
    ),
    Person(
        user_id="usr_7",
        name="Ben Okafor",
        story="Has never touched a setting: everything is on but SMS, which is opt-in.",
        locale="en-GB",
        time_zone="Europe/London",
        email="ben@example.com",
        phone="+447700900107",
        devices=((FCM, "fcm-ben-pixel-55d0", "Ben’s Pixel"),),
    ),
    Person(
        user_id="usr_11",
        name="Clara Schneider",
        story="Reads German; at night, from 22:00 to 07:00 in Berlin, her phone stays quiet.",
        locale="de-DE",
        time_zone="Europe/Berlin",
        email="clara@example.com",
        phone="+4915112345611",
        devices=((APNS, apns_token("apns-clara-iphone-a1b9"), "Claras iPhone"),),
        quiet_hours={"start": "22:00", "end": "07:00", "days": [1, 2, 3, 4, 5, 6, 7]},
    ),
    Person(
        user_id="usr_13",
        name="Emil Huber",
        story="Austrian, gets the German words. Wants no promotions by email or push; SMS is on.",
        locale="de-AT",
        time_zone="Europe/Vienna",
        email="emil@example.com",
        phone="+436641234513",
        devices=((FCM, "fcm-emil-galaxy-8e77", "Emils Galaxy"),),
        choices=(("promotions", "email", False), ("promotions", "push", False), ("*", "sms", True)),
    ),
    Person(
        user_id="usr_17",
        name="Françoise Petit",
        story="There are no French words yet: she gets the English ones.",
        locale="fr-FR",
        time_zone="Europe/Paris",
        email="francoise@example.com",
        phone="+33612345617",
        devices=((APNS, apns_token("apns-francoise-iphone-c4e1"), "iPhone de Françoise"),),
    ),
    Person(
        user_id="usr_19",
        name="Goro Tanaka",
        story="On a retreat: quiet hours all day. Push and marketing mail wait; the inbox and what is critical don’t.",
        locale="ja-JP",
        time_zone="Asia/Tokyo",
        email="goro@example.com",
        phone="+819012345619",
        devices=((APNS, apns_token("apns-goro-iphone-2d6f"), "Goro’s iPhone"),),
        quiet_hours={"start": "00:00", "end": "23:59", "days": [1, 2, 3, 4, 5, 6, 7]},
    ),
    Person(
        user_id="usr_23",
        name="Hanna Vogel",
        story="Gave no address and has no device: only the inbox reaches her.",
        locale="de-DE",
        time_zone="Europe/Berlin",
    ),
    Person(
        user_id="usr_29",
        name="Ivan Petrov",
        story="Called a mail spam, so nothing is mailed to him any more.",
        locale="en-US",
        time_zone="America/Los_Angeles",
        email="ivan@example.com",
        phone="+12025550129",
        devices=((FCM, "fcm-ivan-moto-b0b1", "Ivan’s Moto"),),
        suppressed=(("email", "complaint"),),
    ),
    Person(
        user_id="usr_31",
        name="Jane Miller",
        story="Her mailbox is gone, and she answered STOP to an SMS.",
        locale="en-US",
        time_zone="America/Chicago",
        email="jane@example.com",
        phone="+12025550131",
        devices=((APNS, apns_token("apns-jane-iphone-e2a8"), "Jane’s iPhone"),),
        choices=(("*", "sms", True),),
        suppressed=(("sms", "stop"),),
        dead=("email",),
    ),
    Person(
        user_id="usr_37",
        name="Kofi Mensah",
        story="Has turned off pushes about orders, and everything social.",
        locale="en-GB",
        time_zone="Africa/Accra",
        email="kofi@example.com",
        phone="+233241234537",
        devices=((FCM, "fcm-kofi-nokia-91aa", "Kofi’s Nokia"),),
        choices=(("order_updates", "push", False), ("social", "*", False)),
    ),
    Person(
        user_id="usr_41",
        name="Lena Fischer",
        story="Her providers fail twice before they take a message: watch the retries.",
        locale="de-DE",
        time_zone="Europe/Berlin",
        email="lena.fails-2-times@example.com",
        phone="+15005550007",
        devices=((FCM, "fcm-lena-fails-2-times", "Lenas Handy"),),
        choices=(("*", "sms", True),),
    ),
    Person(
        user_id="usr_43",
        name="Maja Novak",
        story="Her provider takes a push and never says so: sent again when it matters, else parked as in doubt.",
        locale="en-GB",
        time_zone="Europe/Ljubljana",
        email="maja@example.com",
        phone="+38631234543",
        devices=((FCM, "fcm-maja-timeout-after-accept", "Maja’s phone"),),
    ),
    Person(
        user_id="usr_47",
        name="",
        story="Asked to be forgotten: nothing is sent to this id ever again.",
        locale="",
        time_zone="UTC",
        erased=True,
    ),
)
