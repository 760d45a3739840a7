"""Segments: named sets of users that broadcasts go to. A tree of conditions, compiled to one query that streams.

`conditions` are the values, `compiling` turns them into a query, `walking` counts and lists, `words` says them in
English, `references` keeps segments that name each other sound; `drafts` and `kinds` are the form that builds them.
"""

from preferences.segments.conditions import parse_condition
from preferences.segments.walking import ALL_ACTIVE_USERS, Member, members, page, size

__all__ = ["ALL_ACTIVE_USERS", "Member", "members", "page", "parse_condition", "size"]
