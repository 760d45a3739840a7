"""`/users/{id}/preferences` (brief "Update Preferences", contract §2)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.api.parsing import Body, decode
from notifications.api.permissions import authorize_user
from preferences.choices import matrix_of, set_cells
from preferences.facts import PreferenceCell
from preferences.matrix import MatrixCell
from templates_app.catalog import get_catalog

MAX_CELLS = 1_000


class CellBody(Body, frozen=True):
    """`type` is a notification type, a category, or "*"; `channel` a channel or "*"."""

    type: str
    channel: str
    enabled: bool


class PreferencesBody(Body, frozen=True):
    """The cells to set; all others stay as they are."""

    preferences: Annotated[list[CellBody], msgspec.Meta(max_length=MAX_CELLS)]


class PreferencesAnswer(msgspec.Struct, frozen=True):
    """The whole effective matrix: everything, then category by category with its types, four channels each."""

    user_id: str
    preferences: list[MatrixCell]


class PreferencesView(APIView):
    """What a user wants to hear of, and where."""

    @extend_schema(responses={200: PreferencesAnswer}, tags=["users"])
    def get(self, request: Request, user_id: str) -> Response:
        """The effective matrix, with what can't be turned off and why each cell is what it is."""
        authorize_user(request, user_id)
        return Response(_answer(user_id))

    @extend_schema(request={"application/json": PreferencesBody}, responses={200: PreferencesAnswer}, tags=["users"])
    def put(self, request: Request, user_id: str) -> Response:
        """Sets the cells listed, leaves the others, answers with the whole matrix."""
        authorize_user(request, user_id)
        body = decode(request, PreferencesBody)
        cells = [PreferenceCell(cell.type, cell.channel, cell.enabled) for cell in body.preferences]
        set_cells(user_id, cells, get_catalog())
        return Response(_answer(user_id))


def _answer(user_id: str) -> PreferencesAnswer:
    return PreferencesAnswer(user_id, matrix_of(user_id, get_catalog()))
