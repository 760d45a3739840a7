"""The query of an inbox request, read and refused by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from channels_app.positions import Since, since_of
from foundation.errors import InvalidRequest

LIMIT, LIMIT_MAX = 20, 100
WAIT_S, WAIT_MAX_S = 25.0, 60.0
CATEGORY_MAX = 100


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows."""

    limit: int = LIMIT
    cursor: str | None = None
    unread: bool = False
    category: str | None = None
    archived: bool = False


class NewsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a long-poll waits for, and how long (seconds)."""

    since: Since
    wait: float = WAIT_S
    limit: int = LIMIT_MAX


def page_query(given: Mapping[str, str]) -> PageQuery:
    """Raises InvalidRequest, which names the parameter."""
    _refuse_unknown(given, (*PageQuery.__struct_fields__, "since", "wait"))
    if "wait" in given:
        raise InvalidRequest("`wait` goes with `since`.", field="wait", remedy="Send `since` too, or leave `wait` out.")
    category = given.get("category")
    if category is not None and not 0 < len(category) <= CATEGORY_MAX:
        raise InvalidRequest("The category's name is empty or too long.", field="category", remedy="Send its name.")
    return PageQuery(
        limit=int(_number(given, "limit", LIMIT, 1, LIMIT_MAX, whole=True)),
        cursor=given.get("cursor"),
        unread=_flag(given, "unread"),
        category=category,
        archived=_flag(given, "archived"),
    )


def news_query(given: Mapping[str, str]) -> NewsQuery:
    """Raises InvalidRequest, which names the parameter."""
    _refuse_unknown(given, NewsQuery.__struct_fields__)
    return NewsQuery(
        since=since_of(given["since"]),
        wait=_number(given, "wait", WAIT_S, 0, WAIT_MAX_S),
        limit=int(_number(given, "limit", LIMIT_MAX, 1, LIMIT_MAX, whole=True)),
    )


def _refuse_unknown(given: Mapping[str, str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise InvalidRequest(
                f"There is no parameter `{name}` here.", field=name, remedy=f"There are {', '.join(known)}."
            )


def _flag(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "false")
    if value not in ("true", "false"):
        raise InvalidRequest(f"`{name}` is true or false.", field=name, remedy=f"Send {name}=true or leave it out.")
    return value == "true"


def _number(
    given: Mapping[str, str], name: str, default: float, least: float, most: float, whole: bool = False
) -> float:
    try:
        value = (int if whole else float)(given.get(name, default))
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        kind = "a whole number" if whole else "a number"
        raise InvalidRequest(
            f"`{name}` is {kind} from {least} to {most:g}.", field=name, remedy=f"The default is {default:g}."
        )
    return value
