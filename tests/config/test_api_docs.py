"""The API's own documentation: a schema without complaints, and a page that needs nothing but us."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from config import api_schema

METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("schema") / "schema.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(file))
    return yaml.safe_load(file.read_text())


def operations(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def test_the_schema_is_valid_and_draws_no_warning(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    assert len(operations(schema)) > 10


def test_the_schema_that_is_checked_in_is_the_one_that_is_served(client: Client) -> None:
    assert api_schema.FILE.read_text() == api_schema.text(), "run `make format`"
    assert yaml.safe_load(client.get("/api/schema").content) == yaml.safe_load(api_schema.FILE.read_text())


def test_every_operation_takes_a_token_and_answers_problems(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        assert {"bearer": []} in operation["security"], name
        problem = operation["responses"]["default"]["content"]["application/problem+json"]
        assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}, name


def test_every_operation_has_a_name_of_its_own(schema: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(schema)]
    assert len(set(names)) == len(names)


def test_the_page_works_offline(client: Client) -> None:
    """Given no network, when /api/docs is opened, then everything it loads comes from our own /static."""
    page = client.get("/api/docs").content.decode()

    loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert len(loaded) >= 4
    assert all(url.startswith("/static/") for url in loaded), loaded
    for url in loaded:
        answer = client.get(url)
        assert answer.status_code == 200, url
        assert b"".join(answer.streaming_content), url
    assert re.search(r'"validatorUrl":\s*null', page)  # else the page asks validator.swagger.io
    assert "/api/schema" in page


def test_the_page_asks_for_a_schema_that_is_there(client: Client) -> None:
    answer = client.get("/api/schema")
    assert answer.status_code == 200
    assert yaml.safe_load(answer.content)["info"]["title"] == "Notification platform"
