"""The links in mails: one that ends a category's mails with a click (RFC 8058), one to a page with all preferences.

What they may is in them, signed: no login, no cookie. An unsubscribe link holds for ever, as mails are kept for years;
the link to the page, which shows and changes more, for PREFERENCES_LINK_DAYS; the undo of an unsubscription, which
turns mails on, for a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer, TimestampSigner

from foundation.errors import NotFound
from preferences.facts import PreferenceCell

ONE_CLICK = "One-Click"
FIELD = "List-Unsubscribe"
UNDO_WITHIN = timedelta(days=1)  # a page that is found again later brings back nothing

_UNSUBSCRIBE = Signer(salt="preferences.unsubscribe")
_UNDO = TimestampSigner(salt="preferences.unsubscribe.undo")
_PAGE = TimestampSigner(salt="preferences.page")


def token(user: str, category: str) -> str:
    """The token that unsubscribes `user` from the mails of `category`; it never expires."""
    return _UNSUBSCRIBE.sign_object([user, category], compress=True)


def read(token: str) -> tuple[str, str]:
    """(user, category) of an unsubscribe token. Raises NotFound for what isn't one of ours."""
    match _opened(_UNSUBSCRIBE, token):
        case [str(user), str(category)]:
            return user, category
    raise _unknown()


def url(user: str, category: str) -> str:
    """The address of the page that unsubscribes; a POST of `List-Unsubscribe=One-Click` there does it."""
    return address_of(token(user, category))


def address_of(token: str, pattern: str = "") -> str:
    """The address under which `token` unsubscribes: `pattern` with the token for its {token}, else web's own."""
    return (pattern or f"{settings.PUBLIC_URL.rstrip('/')}/u/{{token}}").replace("{token}", token)


def headers(address: str) -> dict[str, str]:
    """What a mail carries so that its reader's program can offer a button (RFC 2369).

    One click is offered by https alone (RFC 8058, section 3.1).
    """
    found = {"List-Unsubscribe": f"<{address}>"}
    if address.startswith("https://"):
        found["List-Unsubscribe-Post"] = f"{FIELD}={ONE_CLICK}"
    return found


def undo_token(user: str, cells: Sequence[PreferenceCell]) -> str:
    """Carries the cells that undo what was just done for `user`."""
    return _UNDO.sign_object([user, [[cell.scope, cell.channel, cell.enabled] for cell in cells]], compress=True)


def read_undo(token: str, user: str) -> list[PreferenceCell]:
    """The cells of an undo token of this user's. Raises NotFound for what isn't one, or is too old."""
    match _opened(_UNDO, token, max_age=UNDO_WITHIN):
        case [owner, [*cells]] if owner == user:
            return [PreferenceCell(*cell) for cell in cells]
    raise _unknown()


def page_token(user: str) -> str:
    """The token of the user's preferences page."""
    return _PAGE.sign_object([user], compress=True)


def read_page(token: str) -> str:
    """The user of a page's token. Raises NotFound for what isn't one, or is too old."""
    match _opened(_PAGE, token, max_age=timedelta(days=settings.PREFERENCES_LINK_DAYS)):
        case [str(user)]:
            return user
    raise _unknown()


def page_url(user: str) -> str:
    """The address of the user's preferences page, for PREFERENCES_LINK_DAYS."""
    return page_address_of(page_token(user))


def page_address_of(token: str) -> str:
    """The address of the preferences page that `token` opens."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/p/{token}"


def _opened(signer: Signer, token: str, **bounds: Any) -> Any:
    try:
        return signer.unsign_object(token, **bounds)
    except (BadSignature, ValueError) as error:
        raise _unknown() from error


def _unknown() -> NotFound:
    return NotFound("This link isn't one of ours, or too old.", code="unknown_link", remedy="Use the newest mail's.")
