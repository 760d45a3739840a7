"""`POST /webhooks/{provider}` (contract §2): the provider's own answer, or problem details that change nothing."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from delivery.receipts import ses, twilio
from foundation.errors import NotFound
from notifications.api.problems import as_refused, http_problem

log = structlog.get_logger(__name__)

PROVIDERS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    twilio.PROVIDER: twilio.receive,
    ses.PROVIDER: ses.receive,
}


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """200 once it is durable; 403 forged or replayed, 413, 400, 404 with a problem; 503 when it has to come again."""
    try:
        if provider not in PROVIDERS:
            raise NotFound(
                f"No provider “{provider}” calls back here.", remedy=f"There are {', '.join(sorted(PROVIDERS))}."
            )
        return PROVIDERS[provider](request)
    except Exception as error:
        refused = as_refused(error)
        if refused is None:
            raise
        log.warning("callback refused", provider=provider[:20], status=refused.status, code=refused.code)
        return http_problem(refused)
