"""The matrix of translations, and words that count as their language does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from templates_app import drafts
from templates_app.content import Content, RenderRequest
from templates_app.models import NotificationType
from templates_app.publish import publish
from templates_app.render import render
from templates_app.translations import DRAFT, MISSING, OLD, THERE, matrix
from templates_app.words import Words

MakeType = Callable[..., NotificationType]


def states() -> dict[str, dict[tuple[str, str], str]]:
    found = matrix()
    return {
        row.name: {
            (cell.channel, locale): cell.state
            for locale, its in zip(found.locales, row.cells, strict=True)
            for cell in its
        }
        for row in found.rows
    }


def text(channel: str, locale: str, body: str = "x") -> Words:
    return Words(channel, locale, title="x", body=body)


def test_each_channel_of_each_type_in_each_language(make_type: MakeType, django_assert_num_queries: Any) -> None:
    kind = make_type("a", text("push", "en"), text("push", "de"), text("sms", "en"))
    make_type("b", text("push", "fr"), default_locale="fr")
    publish(kind, [text("push", "en", "new words"), text("push", "de"), text("sms", "en")])
    drafts.change_text(kind, text("sms", "de"), by="ada")
    assert states() == {
        "a": {
            ("push", "de"): OLD, ("sms", "de"): DRAFT, ("push", "en"): THERE, ("sms", "en"): THERE,
            ("push", "fr"): MISSING, ("sms", "fr"): MISSING,
        },
        "b": {("push", "de"): MISSING, ("push", "en"): MISSING, ("push", "fr"): THERE},
    }  # fmt: skip
    publish(kind, [text("push", "en", "new words"), text("push", "de", "neue Worte"), text("sms", "en")])
    assert states()["a"]["push", "de"] == THERE
    with django_assert_num_queries(3):
        matrix()


def test_the_page_says_what_readers_get_instead(admin_client: Client, make_type: MakeType) -> None:
    make_type("a", text("push", "en"), text("sms", "de"))
    page = admin_client.get(reverse("admin:templates_app_translations")).text
    assert "push in de: missing; readers get en" in page
    assert "sms in en: missing; readers get nothing" in page
    assert "2 texts missing" in page


@pytest.mark.parametrize(
    ("locale", "count", "words"),
    [
        ("en", 1, "one item"), ("en", 2, "2 items"), ("en", 1200, "1,200 items"), ("en", 0, "no items"),
        ("pl", 1, "one item"), ("pl", 3, "3 few"), ("pl", 5, "5 many"), ("de", 0.5, "0,5 items"),
    ],
)  # fmt: skip
def test_plurals_are_those_of_the_texts_language(make_type: MakeType, locale: str, count: float, words: str) -> None:
    source = '{{ n | plural(zero="no items", one="one item", few="# few", many="# many", other="# items") }}'
    make_type("a", Words("push", locale, title=source), default_locale=locale)
    (content,) = render([RenderRequest(type="a", channel="push", locale=locale, data={"n": count})])
    assert isinstance(content, Content), content
    assert content.title == words


def test_a_plural_without_its_last_resort_is_an_error(make_type: MakeType) -> None:
    make_type("a", Words("push", "en", title='{{ n | plural(one="x") }}'))
    (error,) = render([RenderRequest(type="a", channel="push", locale="en", data={"n": 1})])
    assert "other" in str(error)


def test_percents(make_type: MakeType) -> None:
    make_type("a", Words("push", "de", title="{{ n | percent }}"), default_locale="de")
    (content,) = render([RenderRequest(type="a", channel="push", locale="de", data={"n": 0.25})])
    assert isinstance(content, Content)
    assert content.title.split() == ["25", "%"]
