"""render(): data in, content per channel out."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from foundation.errors import TemplateError
from templates_app.content import Content, NoTemplate, RenderRequest
from templates_app.models import NotificationType
from templates_app.publish import publish
from templates_app.render import Rendered, render
from templates_app.words import Words

MakeType = Callable[..., NotificationType]
SHIPPED = {"order_id": "ord_abc123", "carrier": "FedEx", "tracking_number": "TR12345"}


def request(data: dict[str, Any] | None = None, **fields: Any) -> RenderRequest:
    defaults: dict[str, Any] = {"type": "order_shipped", "channel": "in_app", "locale": "en"}
    return RenderRequest(data=SHIPPED if data is None else data, **{**defaults, **fields})


def render_one(data: dict[str, Any] | None = None, **fields: Any) -> Rendered:
    return render([request(data, **fields)])[0]


def content_of(data: dict[str, Any] | None = None, **fields: Any) -> Content:
    content = render_one(data, **fields)
    assert isinstance(content, Content), content
    return content


def error_of(data: dict[str, Any] | None = None, **fields: Any) -> TemplateError:
    error = render_one(data, **fields)
    assert isinstance(error, TemplateError), error
    return error


def test_every_field_is_rendered_and_the_inbox_gets_only_what_the_template_yields(make_type: MakeType) -> None:
    make_type(
        "order_shipped",
        Words(
            "in_app",
            "en",
            title="Your order has shipped!",
            body="Order #{{ order_id | upper }} is on its way via {{ carrier }}.",
            action_url="/orders/{{ order_id | urlencode }}",
            image="https://cdn.example.com/shipping.png",
            data_template={"tracking": "{{ tracking_number }}"},
        ),
    )

    content = content_of({**SHIPPED, "secret": "not for the inbox"})

    assert content == Content(
        title="Your order has shipped!",
        body="Order #ORD_ABC123 is on its way via FedEx.",
        action_url="/orders/ord_abc123",
        image="https://cdn.example.com/shipping.png",
        data={"tracking": "TR12345"},
        locale="en",
        template="order_shipped",
        template_version=1,
    )


@pytest.mark.parametrize(
    ("wanted", "given"),
    [("de-AT", "de-AT"), ("de-DE", "de"), ("de_de", "de"), ("fr-FR", "en"), ("", "en"), ("en-US", "en")],
)
def test_the_locale_falls_back_by_its_chain(make_type: MakeType, wanted: str, given: str) -> None:
    make_type("order_shipped", *(Words("in_app", name, title=name) for name in ("de-AT", "de", "en")))
    assert content_of(locale=wanted).title == given


def test_the_last_locale_tried_is_the_types_own(make_type: MakeType) -> None:
    make_type("order_shipped", Words("in_app", "pt-BR", title="Olá"), default_locale="pt-BR")
    assert content_of(locale="fr").locale == "pt-BR"


def test_a_channel_without_words_or_a_type_that_is_gone_has_no_template(make_type: MakeType) -> None:
    kind = make_type("order_shipped", Words("in_app", "en", title="x"))
    assert render_one(channel="sms") == NoTemplate("order_shipped", "sms")
    kind.delete()
    assert render_one() == NoTemplate("order_shipped", "in_app")


def test_what_is_in_flight_keeps_the_version_it_was_accepted_under(make_type: MakeType) -> None:
    kind = make_type("order_shipped", Words("in_app", "en", title="old words"))
    publish(kind, [Words("in_app", "en", title="new words")])
    assert [content_of(template_version=number).title for number in (1, 2, 0)] == [
        "old words",
        "new words",
        "new words",
    ]


def test_an_undefined_variable_is_an_error_with_the_templates_name_and_line(make_type: MakeType) -> None:
    make_type("order_shipped", Words("in_app", "en", title="ok", body="Hello\nwe ship with\n{{ courier }}"))
    error = error_of()
    assert (error.template, error.line) == ("order_shipped/in_app/en v1 body", 3)
    assert "courier" in error.reason


def test_an_error_in_inlined_html_names_the_authors_line(make_type: MakeType) -> None:
    html = (
        '<h1>Hi</h1>\n<table class="facts"><tbody>\n{% for n in [1] %}\n<tr><td>{{ courier }}</td></tr>\n{% endfor %}\n'
    )
    make_type("order_shipped", Words("email", "en", title="x", body="x", html=html + "</tbody></table>"))
    error = error_of(channel="email")
    assert (error.template, error.line) == ("order_shipped/email/en v1 html", 4)


def test_one_bad_request_among_a_thousand_harms_no_other(make_type: MakeType) -> None:
    make_type("order_shipped", Words("in_app", "en", title="{{ order_id }}", body="{{ carrier }}"))
    good = [request({"order_id": str(number), "carrier": "DHL"}) for number in range(999)]

    results = render([*good[:500], request({"order_id": "no carrier"}), *good[500:]])

    assert [index for index, result in enumerate(results) if isinstance(result, TemplateError)] == [500]
    assert sum(isinstance(result, Content) for result in results) == 999


def test_a_batch_costs_one_query_for_its_texts_and_the_next_none(
    make_type: MakeType, django_assert_num_queries: CaptureQueriesContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("order_shipped", "order_delayed", "order_confirmed"):
        make_type(name, Words("in_app", "en", title=name))
    monkeypatch.setattr("templates_app.control_plane.in_transaction", lambda: False)
    batch = [request(type=name) for name in ("order_shipped", "order_delayed", "order_confirmed")]

    with django_assert_num_queries(3):  # types, their variables, texts
        render(batch)
    with django_assert_num_queries(0):
        render(batch)


def test_the_same_data_and_an_impersonal_text_are_rendered_once(make_type: MakeType) -> None:
    make_type("order_shipped", Words("in_app", "en", title="Hi"), Words("push", "en", title="{{ recipient.id }}"))
    data = dict(SHIPPED)
    one, two = render([request(data), request(data)])
    assert one is two
    mine, yours = render([request(data, channel="push", recipient={"id": user}) for user in ("usr_1", "usr_2")])
    assert isinstance(mine, Content)
    assert isinstance(yours, Content)
    assert (mine.title, yours.title) == ("usr_1", "usr_2")


def test_html_is_escaped_inlined_and_put_into_the_layout_and_text_is_left_alone(make_type: MakeType) -> None:
    html = '<p>{{ name }}</p><a class="button" href="{{ content.action_url }}">Go</a>'
    make_type(
        "order_shipped", Words("email", "en", title="{{ name }}", body="{{ name }}", html=html, action_url="/orders/1")
    )
    content = content_of({"name": "<b>Ada & Bob</b>"}, channel="email")
    assert content.title == content.body == "<b>Ada & Bob</b>"
    assert "&lt;b&gt;Ada &amp; Bob&lt;/b&gt;" in content.html
    assert 'style="display: inline-block' in content.html
    assert 'href="http://localhost:8000/orders/1"' in content.html
    assert "prefers-color-scheme: dark" in content.html


def test_a_mails_text_part_knows_where_its_button_leads(make_type: MakeType) -> None:
    text = "{{ name }}: {{ content.action_url }}"
    make_type("order_shipped", Words("email", "en", title="x", body=text, html="<p>x</p>", action_url="/orders/1"))
    assert content_of({"name": "Ada"}, channel="email").body == "Ada: http://localhost:8000/orders/1"


def test_a_field_of_what_there_is_not_is_told_by_its_name(make_type: MakeType) -> None:
    make_type("order_shipped", Words("in_app", "en", title="{{ order.id }}"))
    assert error_of({}).reason == "'order' is undefined"


def test_no_control_character_reaches_a_header(make_type: MakeType) -> None:
    make_type("order_shipped", Words("email", "en", title="Hi {{ name }}", body="x\n{{ name }}"))
    content = content_of({"name": "Ada\r\nBcc: all@example.com\x00\x1b"}, channel="email")
    assert content.title == "Hi Ada Bcc: all@example.com"
    assert content.body == "x\nAda\nBcc: all@example.com"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example", "/\\evil.example", "ftp://x", "/a b", "data:,x"]
)
def test_an_action_url_is_http_or_a_path(make_type: MakeType, url: str) -> None:
    make_type("order_shipped", Words("in_app", "en", title="x", action_url="{{ url }}"))
    assert "http(s)" in error_of({"url": url}).reason
    assert content_of({"url": "/orders/1?x=2"}).action_url == "/orders/1?x=2"


def test_amounts_and_dates_are_written_as_the_locale_writes_them(make_type: MakeType) -> None:
    source = '{{ total | money("EUR") }} {{ day | date }}'
    make_type("order_shipped", Words("in_app", "en", body=source), Words("in_app", "de", body=source))
    data = {"total": 1249.9, "day": "2026-02-23"}
    assert content_of(data).body == "€1,249.90 February 23, 2026"
    assert content_of(data, locale="de").body == "1.249,90\xa0€ 23. Februar 2026"


def test_a_megabyte_of_output_is_an_error(make_type: MakeType) -> None:
    html = "{% for i in range(2000) %}" + "x" * 600 + "{% endfor %}"
    make_type(
        "order_shipped", Words("email", "en", title="x", body="{{ big }}"), Words("in_app", "en", body="{{ big }}")
    )
    assert "bytes" in error_of({"big": "x" * 200_000}).reason
    publish(NotificationType.objects.get(), [Words("email", "en", title="x", body="x", html=html)])
    assert "262144 bytes" in error_of(channel="email").reason


@pytest.mark.parametrize("data", [{"x": {1, 2}}, {"x": 2**70}, {"x": "y" * 300_000}, {"x": b"bytes"}])
def test_data_that_is_no_bounded_json_is_an_error(make_type: MakeType, data: dict[str, Any]) -> None:
    make_type("order_shipped", Words("in_app", "en", title="x"))
    assert "data" in error_of(data).reason


def test_threads_render_side_by_side(make_type: MakeType) -> None:
    make_type("order_shipped", Words("in_app", "en", title="{% for i in range(50) %}{{ n }}{% endfor %}"))
    content_of({"n": 0})
    from templates_app.catalog import get_catalog
    from templates_app.texts import TEXTS

    entry = get_catalog().entry("order_shipped")
    assert entry is not None
    text = TEXTS.get(entry, 1, "in_app", "en")
    with ThreadPoolExecutor(8) as pool:
        titles = list(pool.map(lambda n: text.render({"n": n}, {}).title, range(200)))  # type: ignore[union-attr]
    assert titles == [str(n) * 50 for n in range(200)]


def test_endless_loops_end_within_a_second(make_type: MakeType) -> None:
    loops = "\n{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}x{% endfor %}"
    make_type("order_shipped", Words("in_app", "en", title="x", body=loops + "{% endfor %}{% endfor %}"))
    started = time.perf_counter()
    error = error_of()
    assert time.perf_counter() - started < 1
    assert (error.template, error.line) == ("order_shipped/in_app/en v1 body", 2)
