"""What the client carries of the server: the published schema of an event. `make client` writes it.

python -m tests.client.published
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[2] / "clients/python/src/notification_platform"
SCHEMA = HOME / "testing" / "send.schema.json"


def published() -> dict[str, Any]:
    """The schema of POST /notifications' body, as /api/schema has it."""
    from drf_spectacular.generators import SchemaGenerator

    document: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    body = document["paths"]["/api/v1/notifications"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return body if "$ref" not in body else document["components"]["schemas"][body["$ref"].rpartition("/")[2]]


def text() -> str:
    """The file's text."""
    return json.dumps(published(), indent=2, sort_keys=True) + "\n"


def main() -> None:
    import django

    django.setup()
    SCHEMA.write_text(text())


if __name__ == "__main__":
    main()
