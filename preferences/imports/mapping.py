"""What each column of a file fills, and a row as changes of a user. Pure, but for the checks' own tables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from foundation.errors import InvalidRequest
from preferences.contact_points import check_email, check_locale, check_phone, check_time_zone, check_user_id
from preferences.facts import QuietHours
from preferences.imports.reading import Cell
from preferences.quiet_hours_input import check_quiet_hours
from preferences.registry import MAX_ATTRIBUTES_BYTES
from preferences.segments.conditions import MAX_NAME

USER_ID = "user_id"
ATTRIBUTE = "attribute:"
LEFT_OUT = ""
BAD_COLUMNS = ("line", "why not")
"""What a file of bad rows has besides its own columns; sent again, they are left out."""
FIELDS = {
    USER_ID: "User id",
    "email": "Email",
    "phone": "Phone number",
    "locale": "Language",
    "time_zone": "Time zone",
    "quiet_hours": "Quiet hours (22:00-07:00)",
    "last_active": "Last active",
}
_ALSO_CALLED = {
    USER_ID: ("userid", "user", "id", "uid", "externalid", "customerid"),
    "email": ("mail", "emailaddress", "e-mail"),
    "phone": ("phonenumber", "mobile", "tel", "telephone"),
    "locale": ("language", "lang"),
    "time_zone": ("timezone", "tz"),
    "quiet_hours": ("quiethours", "donotdisturb"),
    "last_active": ("lastactive", "lastseen", "lastlogin"),
}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_QUIET = re.compile(r"(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})")

Mapped = Mapping[str, str]


class Change(NamedTuple):
    """What a row says of a user: fields, and attributes that are added to those there are."""

    user_id: str
    fields: dict[str, Any]
    attributes: dict[str, Any]


def guessed(header: Sequence[str]) -> dict[str, str]:
    """What each column probably fills, by its name; what isn't known becomes an attribute of that name."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    own = BAD_COLUMNS if tuple(header[-2:]) == BAD_COLUMNS else ()
    for column in header:
        if column in own:
            found[column] = LEFT_OUT
            continue
        simple = re.sub(r"[^a-z]", "", column.lower())
        target = next((f for f, names in _ALSO_CALLED.items() if simple in (f.replace("_", ""), *names)), None)
        if target is None or target in taken:
            name = column.removeprefix("attributes.").strip()[:MAX_NAME]
            target = f"{ATTRIBUTE}{name}"
        taken.add(target)
        found[column] = target
    return found


def checked(header: Sequence[str], mapping: Mapped, *, only_ids: bool = False) -> dict[str, str]:
    """`mapping` without what is left out. Raises InvalidRequest, in words, for one that can't be meant."""
    used = {column: target for column, target in mapping.items() if target != LEFT_OUT and column in header}
    targets = list(used.values())
    if USER_ID not in targets:
        raise InvalidRequest("No column fills the user id.", field=USER_ID, remedy="Choose the one that holds it.")
    for target in targets:
        known = target in FIELDS or (target.startswith(ATTRIBUTE) and not _bad_name(target))
        if not known or targets.count(target) > 1:
            what = f"Two columns fill {target}." if known else f"“{target}” can't be filled."
            raise InvalidRequest(what, field="mapping", remedy="Give each column another aim, or leave it out.")
    return {column: USER_ID for column, target in used.items() if target == USER_ID} if only_ids else used


def change_of(cells: Mapping[str, Cell], mapping: Mapped) -> Change:
    """What a row (cells by column) says; an empty cell leaves what is there. Raises InvalidRequest with its field."""
    user_id, fields, attributes = "", {}, {}
    for column, target in mapping.items():
        value = cells.get(column)
        if target == USER_ID:
            user_id = check_user_id("" if value is None else str(value))
        elif value is None or value == "":
            continue
        elif target.startswith(ATTRIBUTE):
            attributes[target.removeprefix(ATTRIBUTE)] = _attribute(value)
        else:
            fields[target] = _FIELD_CHECKS[target](str(value))
    if attributes and len(json.dumps(attributes)) > MAX_ATTRIBUTES_BYTES:
        raise InvalidRequest(f"The attributes are over {MAX_ATTRIBUTES_BYTES} bytes.", field="attributes")
    return Change(user_id, fields, attributes)


def _attribute(value: Cell) -> Cell:
    """Files hold text: numbers, true and false are taken as such. A leading zero stays (a postcode is no number)."""
    if not isinstance(value, str):
        return value
    if "\x00" in value:
        raise InvalidRequest("It holds a null character.", field="attributes", remedy="Take it out.")
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value


def _last_active(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(
            f"“{text}” is no time.", field="last_active", remedy="Write it as 2026-01-31 or 2026-01-31T12:00:00Z."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _quiet_hours(text: str) -> dict[str, Any]:
    match = _QUIET.fullmatch(text)
    if match is None:
        raise InvalidRequest(f"“{text}” are no quiet hours.", field="quiet_hours", remedy="Write 22:00-07:00.")
    found: dict[str, Any] = msgspec.to_builtins(check_quiet_hours(QuietHours(match[1].zfill(5), match[2].zfill(5))))
    return found


def _bad_name(target: str) -> bool:
    name = target.removeprefix(ATTRIBUTE)
    return not 0 < len(name) <= MAX_NAME or name.lstrip("-").isdecimal()


_FIELD_CHECKS: Mapping[str, Callable[[str], Any]] = {
    "email": check_email,
    "phone": check_phone,
    "locale": lru_cache(1_000)(check_locale),
    "time_zone": lru_cache(1_000)(check_time_zone),
    "quiet_hours": lru_cache(1_000)(_quiet_hours),
    "last_active": _last_active,
}
