"""`/u/{token}` (contract §2, `/unsubscribe/{token}`): RFC 8058 by POST, a page with one button by GET.

A GET changes nothing: mail scanners open every link. Nothing here reads a cookie, so there is no session that another
site could misuse; what may be done stands in the address, signed.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from foundation.control_plane import control_plane
from foundation.errors import Conflict, InvalidRequest
from notifications.pages.showing import called, show, told_to_people, words_of
from notifications.pages.words import Words
from preferences import unsubscribing
from preferences.categories import cells_for, undoing
from preferences.choices import set_cells
from preferences.facts import PreferenceCell
from templates_app.catalog import get_catalog

CHANNEL = "email"
GONE = frozenset({"unknown_type", "erased"})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@told_to_people
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The page; a POST of `List-Unsubscribe=One-Click` unsubscribes, one of `undo` takes it back."""
    user, category = unsubscribing.read(token)
    with control_plane():
        words = words_of(request, user)
        if request.method != "POST":
            return _page(request, words, category, words.ask, ask=True)
        if request.POST.get("undo"):
            set_cells(user, unsubscribing.read_undo(request.POST["undo"], user), get_catalog())
            return _page(request, words, category, words.undone, ask=True)
        if request.POST.get(unsubscribing.FIELD) != unsubscribing.ONE_CLICK:
            raise InvalidRequest("This is no one-click unsubscription.", field=unsubscribing.FIELD)
        return _ended(request, words, user, category)


def _ended(request: HttpRequest, words: Words, user: str, category: str) -> HttpResponse:
    types = get_catalog()
    cells = cells_for(user, [PreferenceCell(category, CHANNEL, False)], types)
    before = undoing(user, cells, types)
    try:
        set_cells(user, cells, types)
    except Conflict as error:
        if error.code in GONE:  # nothing is sent to somebody who was erased
            return _page(request, words, category, words.done)
        return _page(request, words, category, words.locked, status=409)
    except InvalidRequest as error:
        if error.code not in GONE:
            raise
        return _page(request, words, category, words.done)  # no such category any more: nothing is sent of it
    return _page(request, words, category, words.done, undo=unsubscribing.undo_token(user, before))


def _page(
    request: HttpRequest,
    words: Words,
    category: str,
    says: str,
    *,
    ask: bool = False,
    undo: str = "",
    status: int = 200,
) -> HttpResponse:
    return show(request, "unsubscribe", words, status=status, category=called(category), says=says, ask=ask, undo=undo)
