"""The town: 100,000 users to try a broadcast on, made by one statement so that the demo starts as fast as before."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from preferences.models import Segment, User

PREFIX = "town_"
PEOPLE = 100_000
SEGMENT = "town"

_NAMES = {"sqlite": "printf('town_%%05d', n)", "mysql": "CONCAT('town_', LPAD(n, 5, '0'))"}
_DIGIT = f"({' UNION ALL '.join(f'SELECT {digit} AS d' for digit in range(10))})"
_NUMBERS = (
    "SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n FROM "  # noqa: S608  constants
    + " CROSS JOIN ".join(f"{_DIGIT} {name}" for name in "abcef")
)
# Every tenth reads German; every fiftieth has a mail address, so that e-mail shows drops and a slow channel too.
_INSERT = """INSERT INTO preferences_user
    (user_id, locale, time_zone, email, phone, attributes, last_active, created_at, updated_at)
    SELECT {name}, CASE WHEN n %% 10 = 0 THEN 'de' ELSE 'en' END, 'UTC',
        CASE WHEN n %% 50 = 0 THEN {mail} ELSE '' END, '', '{{"home": "town"}}', %s, %s, %s
    FROM ({numbers}) AS numbers WHERE n < %s ORDER BY n"""
_MAILS = {"sqlite": "printf('town_%%05d@example.com', n)", "mysql": "CONCAT('town_', LPAD(n, 5, '0'), '@example.com')"}


def make_town(people: int = PEOPLE) -> bool:
    """Makes the town and its segment; whether there was anything to make. One statement, about a second."""
    about = f"The {people:,} people of the town, to try a broadcast on."
    Segment.objects.get_or_create(
        name=SEGMENT, defaults={"description": about, "condition": {"attributes": {"home": "town"}}}
    )
    if User.objects.filter(user_id__startswith=PREFIX).exists():
        return False
    vendor, now = connection.vendor, timezone.now()
    statement = _INSERT.format(name=_NAMES[vendor], mail=_MAILS[vendor], numbers=_NUMBERS)
    with connection.cursor() as cursor:
        cursor.execute(statement, [None, now, now, people])
    return True
