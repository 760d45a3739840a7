"""The bearer token and the one shape of errors in the OpenAPI document, for every operation alike."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from notifications.api.docs import PROBLEM_SCHEMA
from notifications.api.problems import MEDIA_TYPE

PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}


class BearerExtension(OpenApiAuthenticationExtension):
    """Gives /api/docs its "Authorize" button."""

    target_class = "notifications.api.authentication.TokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """What goes into the document."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A service or admin token (`manage.py tokens create`), or a user's own "
            "(`POST /users/{id}/tokens`). The demo's are in `$VAR/demo.env`.",
        }


def add_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A postprocessing hook of drf-spectacular: what isn't said to be answered otherwise is a problem."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    answer = {"description": "A problem (RFC 9457).", "content": {MEDIA_TYPE: {"schema": PROBLEM_REF}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("default", answer)
    return result
