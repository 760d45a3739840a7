"""Checks of what a user can be reached at. Each takes text and returns its one stored form.

All raise `foundation.errors.InvalidRequest` with field and remedy.
"""

from __future__ import annotations

import hashlib
import unicodedata
from functools import cache
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale, UnknownLocaleError
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from foundation.errors import InvalidRequest
from preferences.nearness import did_you_mean

MAX_USER_ID = 128
MAX_TOKEN = 4096


def check_user_id(user_id: str) -> str:
    """A name of 1-128 printable characters without spaces at its ends."""
    if not 0 < len(user_id) <= MAX_USER_ID or user_id != user_id.strip() or not _printable(user_id):
        raise InvalidRequest(
            "The user id isn't valid.", field="user_id", remedy=f"Use 1 to {MAX_USER_ID} printable characters."
        )
    return user_id


def check_email(value: str, field: str = "email") -> str:
    """The address in lower case."""
    address = value.strip().lower()
    try:
        validate_email(address)
    except (ValidationError, UnicodeError) as error:
        raise InvalidRequest(
            "This is no email address.", field=field, remedy="Give one such as ann@example.com."
        ) from error
    return address


def check_phone(value: str, field: str = "phone") -> str:
    """The number in E.164. Possible numbers are taken, not only assigned ones: numbering plans change."""
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException as error:
        raise _no_phone(field) from error
    if not phonenumbers.is_possible_number(number):
        raise _no_phone(field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def check_time_zone(value: str, field: str = "time_zone") -> str:
    """An IANA name."""
    if value in _zones():
        return value
    raise InvalidRequest(
        f"“{value}” is no time zone.",
        field=field,
        remedy=did_you_mean(value, _zones()) or "Use an IANA name: Europe/Berlin.",
    )


def check_locale(value: str, field: str = "locale") -> str:
    """A BCP 47 tag in its usual spelling: `de_at` becomes `de-AT`."""
    try:
        return str(Locale.parse(value.replace("-", "_"))).replace("_", "-")
    except (ValueError, UnknownLocaleError) as error:
        raise InvalidRequest(f"“{value}” is no locale.", field=field, remedy="Use a BCP 47 tag: en, de-AT.") from error


def check_token(value: str, field: str = "token") -> str:
    """A push token of up to 4,096 printable characters."""
    if not 0 < len(value) <= MAX_TOKEN or not _printable(value):
        raise InvalidRequest(
            "This is no push token.",
            field=field,
            remedy=f"Use the token as the platform gave it, up to {MAX_TOKEN} characters.",
        )
    return value


def device_id_of(token: str) -> str:
    """`dev_…`, computed from the token: whoever registers it again arrives at the same one."""
    return "dev_" + hashlib.blake2b(token.encode(), digest_size=16).hexdigest()


def _printable(value: str) -> bool:
    """No control characters, no lone surrogates."""
    return not any(unicodedata.category(char) in {"Cc", "Cs"} for char in value)


def _no_phone(field: str) -> InvalidRequest:
    return InvalidRequest(
        "This is no phone number.", field=field, remedy="Give it with its country code (E.164): +4915112345678."
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
