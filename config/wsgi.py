"""The synchronous Django applications behind config/asgi.py: everything; the API and callbacks with what they need."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from auditlog.context import disable_auditlog
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

BARE = ("/api/v1/", "/webhooks/")


class ApiHandler(WSGIHandler):
    """Tokens and signatures, no sessions: served without what the admin's pages need (settings.API_MIDDLEWARE)."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Called once, while the application is made; nothing else runs yet."""
        everything, settings.MIDDLEWARE = settings.MIDDLEWARE, settings.API_MIDDLEWARE
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = everything

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """What services and users change isn't staff's: it costs the audit trail nothing."""
        with disable_auditlog():
            return super().__call__(environ, start_response)


_api, _pages = ApiHandler(), WSGIHandler()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application."""
    handler = _api if environ["PATH_INFO"].startswith(BARE) else _pages
    return handler(environ, start_response)
