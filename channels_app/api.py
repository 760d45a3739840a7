"""The inbox over REST (contract §2): pages, news, read state. The waiting of long-polls is `channels_app.polling`'s."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels_app import inbox, pushed
from channels_app.inbox_answers import CountsAnswer, InboxAnswer, StateAnswer
from channels_app.polling import WAIT_HEADER
from channels_app.query import LIMIT, LIMIT_MAX, WAIT_MAX_S, WAIT_S, NewsQuery, PageQuery, news_query, page_query
from foundation.errors import InvalidRequest, NotFound
from notifications.api.docs import at_most
from notifications.api.permissions import authorize_user

# last part of the address -> the parts of read state it sets
ACTIONS: dict[str, dict[str, bool]] = {
    "read": {"read": True},
    "unread": {"read": False},
    "seen": {"seen": True},
    "opened": {"opened": True},
    "archive": {"archived": True},
    "unarchive": {"archived": False},
}

_PARAMETERS = [
    OpenApiParameter("limit", at_most(LIMIT_MAX), description=f"1 to {LIMIT_MAX}; {LIMIT} if left out."),
    OpenApiParameter("cursor", str, description="The `cursor` of the page before."),
    OpenApiParameter("unread", bool, description="Only what is unread."),
    OpenApiParameter("category", str, description="Only this category."),
    OpenApiParameter("archived", bool, description="Only what was archived, which is left out otherwise."),
    OpenApiParameter(
        "since",
        str,
        description="Long-polling: what came since then (milliseconds, RFC 3339, or the `since` of the answer before), "
        "oldest first; waits for something if there is nothing.",
    ),
    OpenApiParameter("wait", float, description=f"With `since`: seconds to wait, up to {WAIT_MAX_S:g}; {WAIT_S:g}."),
]


class InboxView(APIView):
    """A user's inbox."""

    @extend_schema(
        operation_id="inbox",
        summary="A page of the inbox, newest first; with `since`, what came since",
        parameters=_PARAMETERS,
        responses={200: InboxAnswer},
        tags=["inbox"],
    )
    def get(self, request: Request, user_id: str) -> Response:
        authorize_user(request, user_id)
        given = request.query_params.dict()
        return _news(user_id, news_query(given)) if "since" in given else _page(user_id, page_query(given))


def _news(user_id: str, query: NewsQuery) -> Response:
    answer = inbox.news(user_id, query.since, limit=query.limit)
    waits = query.wait if not answer["notifications"] else 0
    return Response(answer, headers={WAIT_HEADER: f"{waits:g}"} if waits else None)


def _page(user_id: str, query: PageQuery) -> Response:
    return Response(
        inbox.page(
            user_id,
            limit=query.limit,
            cursor=query.cursor,
            unread=query.unread,
            category=query.category,
            archived=query.archived,
        )
    )


class StateView(APIView):
    """Changes the read state of one notification; every open socket of the user hears of it."""

    @extend_schema(
        operation_id="inbox_change",
        summary="read, unread, seen, opened, archive or unarchive one notification",
        parameters=[
            OpenApiParameter("action", str, OpenApiParameter.PATH, enum=list(ACTIONS)),
            OpenApiParameter("via", str, enum=["push"], description="With `opened`: the push was, by the user's app."),
            OpenApiParameter("send", str, description="With `via`: the send (`apns-id`) that was opened."),
        ],
        request=None,
        responses={200: StateAnswer},
        tags=["inbox"],
    )
    def post(self, request: Request, user_id: str, notification_id: str, action: str) -> Response:
        authorize_user(request, user_id)
        parts = ACTIONS.get(action)
        if parts is None:
            raise NotFound(f"There is no action `{action}`.", field="action", remedy=f"There are {', '.join(ACTIONS)}.")
        by_push = _opened_push(action, user_id, notification_id, request.query_params.dict())
        try:
            changed = inbox.mark(user_id, [notification_id], **parts)
        except NotFound:
            if not by_push:
                raise
            changed = {"notifications": [None]} | inbox.named_counts(user_id)  # it went by push alone
        [notification] = changed.pop("notifications")
        return Response({"notification": notification} | changed)


def _opened_push(action: str, user_id: str, notification_id: str, query: dict[str, str]) -> bool:
    """Keeps the receipt where the query says `via=push`; whether it did. Raises InvalidRequest, else as `opened`."""
    via = query.get("via")
    if via is None:
        return False
    if via != pushed.CHANNEL or action != "opened":
        raise InvalidRequest("Only `opened` takes `via`, and only push.", field="via", remedy="Leave it out.")
    pushed.opened(user_id, notification_id, send=query.get("send", ""))
    return True


class ReadAllView(APIView):
    """Everything that is in the inbox now is read and seen. `unread` undoes it one by one."""

    @extend_schema(
        operation_id="inbox_read_all",
        summary="Read everything",
        request=None,
        responses={200: CountsAnswer},
        tags=["inbox"],
    )
    def post(self, request: Request, user_id: str) -> Response:
        authorize_user(request, user_id)
        return Response(inbox.read_all(user_id))
