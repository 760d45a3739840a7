"""docs/openapi.yaml as it follows from the code: `python -m config.api_schema` writes it, `--check` compares."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django

FILE = Path(__file__).resolve().parent.parent / "docs" / "openapi.yaml"
HEAD = "# Written by `python -m config.api_schema` (`make format`). Every server serves it at /api/schema.\n"


def text() -> str:
    """The whole file, the same for the same code."""
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.renderers import OpenApiYamlRenderer

    schema = SchemaGenerator().get_schema(request=None, public=True)
    return HEAD + OpenApiYamlRenderer().render(schema, renderer_context={}).decode()


def main() -> int:
    """Exit code 1 when `--check` finds the file to differ."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup(set_prefix=False)
    found = text()
    if "--check" not in sys.argv[1:]:
        FILE.write_text(found)
    elif not FILE.exists() or FILE.read_text() != found:
        print("docs/openapi.yaml is behind the code: run `make format`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
