"""`/p/{token}`: a user's preferences as a page, category by channel, behind a signed link (issue 5, §4).

Works without a script and without a cookie. A form says for each cell what it showed and what is wanted; only what
differs is set, so a page that lay open for a day takes nothing back that was chosen elsewhere meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from foundation.control_plane import control_plane
from foundation.errors import NotFound
from notifications.pages.showing import PRIVATE, called, show, told_to_people, words_of
from preferences import unsubscribing
from preferences.categories import cells_for
from preferences.channels import CHANNELS
from preferences.choices import matrix_of, set_cells
from preferences.facts import PreferenceCell, TypeFacts
from preferences.matrix import MatrixCell
from preferences.models import User
from templates_app.catalog import get_catalog

SHOWN, ON, NONE = "shown", "on", "none"


class Topic(msgspec.Struct, frozen=True):
    """A row: a category, its cells in the order of CHANNELS, and what has to be said of it.

    `partly`: some of it is about security and stays on.
    """

    name: str
    title: str
    cells: list[MatrixCell]
    mandatory: bool
    partly: bool


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@told_to_people
def preferences_page(request: HttpRequest, token: str) -> HttpResponse:
    """The page; a POST sets what was changed on it and shows it again."""
    user = unsubscribing.read_page(token)
    with control_plane():
        if User.objects.filter(user_id=user).exclude(erased_at=None).exists():
            raise NotFound("This user was erased.")
        if request.method == "POST":
            set_cells(user, _wanted(request, user), get_catalog())
            return HttpResponseRedirect(f"{request.path}?saved", status=303, headers=PRIVATE)
        words = words_of(request, user)
        return show(
            request,
            "preferences",
            words,
            topics=[
                (topic, [(words.channels[cell.channel], cell) for cell in topic.cells]) for topic in topics_of(user)
            ],
            channels=[words.channels[channel] for channel in CHANNELS],
            saved="saved" in request.GET,
        )


def topics_of(user: str) -> list[Topic]:
    """The rows of the page, by name. Raises what the ORM does when SQL is away."""
    types = get_catalog()
    rows: dict[str, list[MatrixCell]] = {}
    for cell in matrix_of(user, types):
        if cell.kind == "category":
            rows.setdefault(cell.type, []).append(cell)
    categories = types.categories()
    return [
        _topic(name, cells, [facts for one in categories.get(name, ()) if (facts := types.facts(one))])
        for name, cells in rows.items()
    ]


def _topic(name: str, cells: list[MatrixCell], members: Sequence[TypeFacts]) -> Topic:
    mandatory = all(facts.mandatory for facts in members)
    return Topic(name, called(name), cells, mandatory, not mandatory and any(facts.mandatory for facts in members))


def _wanted(request: HttpRequest, user: str) -> list[PreferenceCell]:
    """The cells to set: where the wish differs from what the page showed, and the cell is the user's to choose."""
    shown = dict(each.rpartition("=")[::2] for each in request.POST.getlist(SHOWN))
    on = set() if NONE in request.POST else set(request.POST.getlist(ON))
    wishes = [
        PreferenceCell(cell.type, cell.channel, name in on)
        for topic in topics_of(user)
        for cell in topic.cells
        if not cell.locked and cell.offered and (name := f"{cell.type}/{cell.channel}") in shown
        if (shown[name] == "1") != (name in on)
    ]
    return cells_for(user, wishes, get_catalog())
