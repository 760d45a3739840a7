"""What stands behind the `?` of an address: names that nobody knows are refused, as fields of a body are."""

from __future__ import annotations

from collections.abc import Collection

from rest_framework.request import Request

from foundation.errors import InvalidRequest


def query_of(request: Request, known: Collection[str]) -> dict[str, str]:
    """The request's parameters. Raises InvalidRequest for one that isn't `known` (contract §2)."""
    query: dict[str, str] = request.query_params.dict()
    unknown = [name for name in query if name not in known]
    if unknown:
        raise InvalidRequest(
            f"There is no parameter `{unknown[0]}`.", field=unknown[0], remedy=f"There are {', '.join(known)}."
        )
    return query


def one_of(value: str, name: str, known: Collection[str]) -> str:
    """`value`, which is one of those `known`. Raises InvalidRequest for parameter `name`."""
    if value not in known:
        raise InvalidRequest(f"There is no {name} `{value}`.", field=name, remedy=f"One of {', '.join(known)}.")
    return value
