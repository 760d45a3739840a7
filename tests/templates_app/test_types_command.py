"""manage.py types: the command that the 400 for an unknown type names."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from templates_app.catalog import get_catalog
from templates_app.content import Content, RenderRequest
from templates_app.render import render

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = StringIO()
    call_command("types", *words, stdout=out)
    return out.getvalue()


def test_a_type_added_is_ready_to_be_sent() -> None:
    run("add", "seat_freed", "--category", "events", "--priority", "high", "--channels", "in_app,sms",
        "--title", "A seat for {{ show }}", "--body", "Be quick.")  # fmt: skip
    facts = get_catalog().facts("seat_freed")
    assert facts is not None
    assert (facts.channels, facts.priority, facts.template_version) == (("in_app", "sms"), "high", 1)
    inbox, sms = render(
        [RenderRequest(type="seat_freed", channel=name, locale="de", data={"show": "Aida"}) for name in facts.channels]
    )
    assert isinstance(inbox, Content)
    assert isinstance(sms, Content)
    assert (inbox.title, sms.body) == ("A seat for Aida", "A seat for Aida Be quick.")
    assert "seat_freed" in run("list")
    assert "A seat for {{ show }}" in run("show", "seat_freed")


def test_a_types_own_countries_come_before_the_settings(settings) -> None:
    settings.SMS_COUNTRIES = ("FR",)
    run("add", "seat_freed", "--title", "x", "--channels", "sms", "--sms-countries", "DE, AT")
    run("add", "seat_taken", "--title", "x", "--channels", "sms")
    countries = [getattr(get_catalog().facts(name), "sms_countries", None) for name in ("seat_freed", "seat_taken")]
    assert countries == [("DE", "AT"), ("FR",)]
    assert "sms_countries: ['DE', 'AT']" in run("show", "seat_freed")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "Bad-Name", "--title", "x"), "small letters"),
        (("add", "a_type", "--title", "{{ broken"), "title"),
        (("add", "a_type", "--title", "x", "--channels", "pigeon"), "pigeon"),
        (("add", "a_type", "--title", "x", "--sms-countries", "DE,XX"), "XX"),
        (("show", "nothing"), "types list"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*words)
    assert get_catalog().names() == []
