"""What an author is told while writing, at the field and the line."""

from __future__ import annotations

from typing import Any

import pytest

from templates_app.lint.finding import ERROR, HINT, WARNING, Finding
from templates_app.lint.links import flaw_of
from templates_app.lint.whole import Surroundings, lint
from templates_app.variables.infer import infer
from templates_app.variables.kinds import Declared
from templates_app.words import Words

DATA = {"name": "Ada", "order_id": "ord_1", "items": [{"label": "Mug"}]}
LAYOUT = "<html><body><!-- content --></body></html>"


def found(words: Words, data: dict[str, Any] | None = None, **around: Any) -> list[Finding]:
    defaults: dict[str, Any] = {
        "type_name": "order", "default_locale": "en", "marketing": False, "variables": infer(DATA), "texts": [],
    }  # fmt: skip
    return lint(words, DATA if data is None else data, Surroundings(**(defaults | around)))[1]


def push(body: str = "{{ name }} {{ order_id }} {% for i in items %}{{ i.label }}{% endfor %}", **fields: Any) -> Words:
    return Words("push", "en", **{"title": "Hi", "body": body, **fields})


def mail(html: str, **fields: Any) -> Words:
    fine = push().body
    return Words("email", "en", **{"title": "Hi", "body": fine, "html": html, **fields})


def test_good_words_find_nothing() -> None:
    assert found(push()) == []
    assert found(mail('<p>{{ name }}</p><a href="{{ content.action_url }}">Go</a>')) == []


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("Hello\n{{ ''.__class__ }}", 2, "__class__"),
        ("a\nb\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", 3, "more work"),
        ("{% for a in range(9000) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }}{% endfor %}", 1, "yields more than"),
        ("ok\n{% if name %}", 2, "endif"),
        ("ok\n\n{% macro x() %}{% endmacro %}", 3, "macro"),
        ("ok\n{{ nme }}", 2, "nme"),
        ("{{ items }}", 1, "list or an object"),
    ],
)
def test_what_a_template_mustnt_do_is_an_error_at_its_line(body: str, line: int, words: str) -> None:
    errors = [each for each in found(push(body)) if each.level == ERROR]
    assert [(each.field, each.line) for each in errors] == [("body", line)]
    assert words in errors[0].text


def test_one_broken_field_hides_neither_the_others_nor_their_errors() -> None:
    content, findings = lint(
        push("{{ nope", title="Hi {{ name }}", action_url="/a/{{ nope }}"),
        DATA,
        Surroundings(type_name="x", default_locale="en", marketing=False, variables=[], texts=[]),
    )
    assert content.title == "Hi Ada"
    assert {each.field for each in findings if each.level == ERROR} == {"body", "action_url"}


def test_data_that_looks_like_a_script_stays_words_and_a_header_stays_one_line() -> None:
    data = {**DATA, "name": "</script><script>alert(1)</script>\r\nBcc: all@example.com"}
    around = Surroundings(type_name="x", default_locale="en", marketing=False, variables=[], texts=[])
    content, _ = lint(mail("<p>{{ name }}</p>", title="For {{ name }}"), data, around)
    assert "<script>" not in content.html
    assert "\n" not in content.title
    assert "\r" not in content.title


def test_variables_nobody_declared_are_named_even_where_the_example_brings_them() -> None:
    (finding,) = [each for each in found(push("a\n{{ extra }}"), {**DATA, "extra": 1}) if each.field]
    assert (finding.level, finding.field, finding.line) == (WARNING, "body", 2)
    assert "“extra”" in finding.text


def test_a_misspelt_variable_is_told_with_what_is_meant() -> None:
    errors = [each for each in found(push("ok\n{{ nmae }}")) if each.level == ERROR]
    assert [(each.line, each.text) for each in errors] == [
        (2, "“nmae” isn't one of this type's variables; “name” is meant, perhaps")
    ]


def test_variables_no_text_uses_are_hinted_at() -> None:
    other = Words("sms", "en", body="{{ order_id }}")
    hints = {each.text for each in found(push("{{ name }}"), texts=[other]) if each.level == HINT}
    assert hints == {"No text of this type uses the variable “items”"}


def test_words_that_fail_without_an_optional_variable_are_warned_of() -> None:
    variables = [*infer(DATA), Declared("note", required=False, example="x")]
    data = {**DATA, "note": "x"}
    (finding,) = found(push(push().body + "\n{{ note | date }}"), {**data, "note": "2026-01-01"}, variables=variables)
    assert (finding.level, finding.line) == (WARNING, 2)
    assert "“note” is missing" in finding.text
    for fine in ('{{ note | default("") }}', "{% if note %}{{ note }}{% endif %}"):
        guarded = (
            push(f"{push().body} {{% if note is defined %}}{{{{ note }}}}{{% endif %}}")
            if "if" in fine
            else push(push().body + fine)
        )
        assert found(guarded, data, variables=variables) == []


def test_too_long_for_the_channel() -> None:
    texts = [each.text for each in found(push(push().body, title="x" * 66))]
    assert texts == ["66 characters: beyond about 65, a phone's lock screen cuts it"]
    sms = Words("sms", "en", body=push().body + "ж" * 300)
    assert any("segments" in each.text for each in found(sms))
    nearly = Words("sms", "en", body=push().body + "a" * 100 + "“")
    assert any("SMS alphabet" in each.text and each.level == HINT for each in found(nearly))


def test_a_mail_without_a_text_part_or_subject() -> None:
    findings = found(mail("<p>{{ name }}{{ order_id }}{{ items | length }}</p>", body="", title=""))
    assert {each.field for each in findings} == {"title", "body"}
    assert any("no text part" in each.text for each in findings)


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("https://example.com/a?b=c#d", None),
        ("mailto:a@example.com", None),
        ("_/orders/_", None),
        ("https://_/orders", None),
        ("#", WARNING),
        ("htps://example.com", WARNING),
        ("https:/example.com", WARNING),
        ("https://", WARNING),
        ("https://example", WARNING),
        ("https://exa mple.com", WARNING),
        ("/orders/7", WARNING),
        ("www.example.com", WARNING),
        ("http://example.com", HINT),
        ("javascript:alert(1)", ERROR),
    ],
)
def test_links_in_a_mail(url: str, level: str | None) -> None:
    flaw = flaw_of(url, in_mail=True)
    assert (flaw[0] if flaw else None) == level


def test_broken_links_are_told_at_their_line() -> None:
    html = '<p>{{ name }}</p>\n{% if name %}\n<a href="htps://example.com">x</a>\n{% endif %}\n<img src="/a.png">'
    findings = [each for each in found(mail(html)) if each.field == "html"]
    assert [(each.level, each.line) for each in findings] == [(WARNING, 3), (WARNING, 5), (HINT, 5)]


def test_links_in_the_text_part() -> None:
    (finding,) = found(mail("<p>x</p>", body=push().body + "\nSee https:/example.com."))
    assert (finding.field, finding.line) == ("body", 2)


def test_languages_the_channel_lacks_and_words_that_arent_translated() -> None:
    texts = [Words("sms", "fr", body="Bonjour"), push()]
    findings = found(Words("push", "de", title="Hallo", body=push().body), texts=texts)
    assert [(each.level, each.text) for each in findings] == [
        (WARNING, "No text in fr on this channel: its readers get the one in en"),
        (HINT, "These are the words in en: not translated yet?"),
    ]


def test_marketing_in_a_frame_of_its_own_has_to_offer_a_way_out() -> None:
    framed = mail("<p>x</p>", layout="plain", shared={"layout plain": LAYOUT})
    assert any("way out" in each.text for each in found(framed, marketing=True))
    offering = LAYOUT.replace("</body>", "{{ recipient.unsubscribe_url }}</body>")
    framed = mail("<p>x</p>", layout="plain", shared={"layout plain": offering})
    assert not any("way out" in each.text for each in found(framed, marketing=True))
    assert not any("way out" in each.text for each in found(mail("<p>x</p>"), marketing=True))
