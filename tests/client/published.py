"""What the client carries of the server: an event's schema, the .proto files, stubs. `make client` writes it.

python -m tests.client.published
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "clients/python/src/notification_platform"
SCHEMA = HOME / "testing" / "send.schema.json"
STUBS = HOME / "over_grpc"
SERVERS_STUBS = ROOT / "notifications/grpc/proto/notifications/v1"


def published() -> dict[str, Any]:
    """The schema of POST /notifications' body, as /api/schema has it."""
    from drf_spectacular.generators import SchemaGenerator

    document: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    body = document["paths"]["/api/v1/notifications"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return body if "$ref" not in body else document["components"]["schemas"][body["$ref"].rpartition("/")[2]]


def text() -> str:
    """The file's text."""
    return json.dumps(published(), indent=2, sort_keys=True) + "\n"


def stubs() -> list[Path]:
    """The server's .proto files and what is generated from them."""
    return sorted(path for path in SERVERS_STUBS.iterdir() if path.is_file() and path.name.startswith("notification_"))


def main() -> None:
    import django

    django.setup()
    SCHEMA.write_text(text())
    for path in stubs():
        (STUBS / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    main()
