"""A type's variables: what they say of an event's data, and what an example suggests."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from templates_app.models import NotificationType, Variable
from templates_app.variables.checking import unfit
from templates_app.variables.infer import infer
from templates_app.variables.kinds import Declared
from templates_app.variables.rows import declared, set_variables
from templates_app.variables.schema import examples, schema_text

ORDER = {
    "order_id": "ord_1",
    "total": 58.9,
    "paid": True,
    "day": "2026-02-27",
    "at": "2026-02-27T14:30:00+01:00",
    "url": "https://example.com/1",
    "items": [{"name": "Mug", "price": 19.0}, {"name": "Pot", "price": 5, "gift": True}],
    "address": {"city": "Kiel"},
}
SCHEMA = schema_text(infer(ORDER))


def changed(**fields: Any) -> dict[str, Any]:
    return {**ORDER, **fields}


def path_of(data: dict[str, Any], schema: str = SCHEMA) -> str:
    found = unfit(schema, data)
    return found.path if found else ""


def test_what_an_example_suggests_accepts_the_example() -> None:
    assert unfit(SCHEMA, ORDER) is None
    kinds = {each.path: each.kind for each in infer(ORDER)}
    assert kinds == {
        "order_id": "text", "total": "number", "paid": "boolean", "day": "date", "at": "datetime", "url": "url",
        "items": "list", "items[].name": "text", "items[].price": "number", "items[].gift": "boolean",
        "address": "object", "address.city": "text",
    }  # fmt: skip


def test_only_what_all_elements_have_is_required_of_elements() -> None:
    assert unfit(SCHEMA, changed(items=[{"name": "Mug", "price": 1}])) is None
    assert path_of(changed(items=[{"name": "Mug", "price": 1}, {"name": "Pot"}])) == "items[1].price"


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"total": "58.90"}, "total", "a number"),
        ({"paid": "yes"}, "paid", "true or false"),
        ({"order_id": 1}, "order_id", "a text"),
        ({"order_id": None}, "order_id", "a text"),
        ({"day": "27.2.2026"}, "day", "a date such as"),
        ({"at": "2026-02-27T14:30:00"}, "at", "with a zone"),
        ({"url": "ftp://example.com"}, "url", "https://"),
        ({"items": {}}, "items", "a list"),
        ({"items": [{"name": 3, "price": 1}]}, "items[0].name", "a text"),
        ({"address": {}}, "address.city", "is missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_path_and_what_it_should_be(
    fields: dict[str, Any], path: str, words: str
) -> None:
    found = unfit(SCHEMA, changed(**fields))
    assert found is not None
    assert found.path == path
    assert words in found.detail


def test_a_missing_variable_is_named() -> None:
    assert path_of({name: value for name, value in ORDER.items() if name != "total"}) == "total"


def test_what_is_optional_may_be_missing_or_null_but_of_no_other_kind() -> None:
    schema = schema_text([Declared("note", "text", required=False)])
    assert [path_of(data, schema) for data in ({}, {"note": None}, {"note": "x"}, {"note": 1})] == ["", "", "", "note"]


def test_what_isnt_declared_passes_and_a_type_without_variables_takes_everything() -> None:
    assert path_of(changed(campaign=1)) == ""
    assert schema_text([]) == ""
    assert unfit("", {"anything": object}) is None


def test_examples_make_the_example_event() -> None:
    assert examples(infer(ORDER)) == ORDER


@pytest.mark.django_db
def test_variables_are_kept_with_their_type(redis: object) -> None:
    kind = NotificationType.objects.create(name="order", category="orders", channels=["push"])
    set_variables(kind, infer(ORDER))
    assert declared(Variable.objects.filter(type=kind)) == infer(ORDER)
    kind.refresh_from_db()
    assert kind.example == ORDER


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [Declared("order id"), Declared("a..b"), Declared("n", "number", True, "many")])
def test_a_name_no_template_can_write_and_an_example_of_another_kind_are_refused(
    redis: object, wrong: Declared
) -> None:
    kind = NotificationType.objects.create(name="order", category="orders", channels=["push"])
    with pytest.raises(ValidationError):
        set_variables(kind, [Declared("fine"), wrong])
    assert not kind.variables.exists()
