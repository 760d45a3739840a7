"""`manage.py templates`: pulled, looked at without a database, pushed back."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from templates_app.models import Draft, NotificationType, SharedHtml
from templates_app.publish import published
from templates_app.variables.infer import infer
from templates_app.variables.rows import declared, set_variables
from templates_app.words import Words

MakeType = Callable[..., NotificationType]
DATA = {"name": "Ada", "items": [{"label": "Mug"}]}
PUSH = Words("push", "en", title="Hi: {{ name }}", body="Line one\nLine two", data_template={"n": "{{ name }}"})
MAIL = Words(
    "email", "en", title="Hi", body="Hello {{ name }}\n{{ site }}", layout="frame",
    html='<p>{{ name }}</p>\n{% for item in items %}{{ item.label }}{% endfor %}{% include "sign" %}',
)  # fmt: skip


def run(*arguments: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("templates", *(str(each) for each in arguments), stdout=out, stderr=err)
    except CommandError as error:
        err.write(f"FAILED: {error}")
    return out.getvalue(), err.getvalue()


@pytest.fixture
def kind(make_type: MakeType) -> NotificationType:
    SharedHtml.objects.create(kind="layout", name="frame", source="<html><body><!-- content --></body></html>")
    SharedHtml.objects.create(kind="partial", name="sign", source="<p>Yours,\nHarbor</p>")
    made = make_type("greeting", PUSH, MAIL, channels=["push", "email"])
    set_variables(made, infer(DATA))
    return made


@pytest.fixture
def folder(kind: NotificationType, tmp_path: Path) -> Path:
    assert run("pull", tmp_path)[1] == ""
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, text
    path.write_text(text.replace(old, new))


def test_what_is_pulled_can_be_read_and_changes_nothing_when_pushed(folder: Path, kind: NotificationType) -> None:
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))
    assert names == [
        "_shared/layout.frame.html",
        "_shared/partial.sign.html",
        "greeting/email.en.html",
        "greeting/push.en.txt",
        "greeting/type.yaml",
    ]
    assert "title: 'Hi: {{ name }}'" in (folder / "greeting/push.en.txt").read_text()
    assert run("check", "--strict", folder) == ("1 types with 2 texts: fine\n", "")
    assert run("push", folder)[0].startswith("nothing to do")
    assert run("pull", folder) == ("", "")


def test_changed_files_are_a_new_version(folder: Path, kind: NotificationType) -> None:
    edit(folder / "greeting/push.en.txt", "Line two", "Line 2")
    (folder / "greeting/push.de.txt").write_text("---\ntitle: Hallo {{ name }}\n---\nZeile\n")
    assert "would be published as version 2" in run("push", "--dry-run", folder)[0]
    kind.refresh_from_db()
    assert kind.template_version == 1
    assert "published as version 2" in run("push", "--by", "ci", "--note", "shorter", folder)[0]
    kind.refresh_from_db()
    texts = {(words.channel, words.locale): words for words in published(kind)}
    assert texts["push", "en"].body == "Line one\nLine 2"
    assert texts["push", "de"].title == "Hallo {{ name }}"
    version = kind.versions.get(number=2)
    assert (version.author, version.note) == ("ci", "shorter")


def test_a_new_type_with_its_rules_and_variables(folder: Path) -> None:
    new = folder / "invoice"
    new.mkdir()
    (new / "type.yaml").write_text(
        "category: billing\npriority: high\nchannels: [sms]\nvariables:\n- {name: number, kind: integer, example: 7}\n"
    )
    (new / "sms.en.txt").write_text("Invoice {{ number }}\n")
    out, err = run("push", folder)
    assert err == ""
    assert "invoice: added" in out
    made = NotificationType.objects.get(name="invoice")
    assert (made.priority, made.channels, made.template_version) == ("high", ["sms"], 1)
    assert [(each.path, each.kind) for each in declared(made.variables.all())] == [("number", "integer")]
    assert published(made)[0].body == "Invoice {{ number }}"


def test_words_of_a_mandatory_type_are_proposed(folder: Path, kind: NotificationType) -> None:
    edit(folder / "greeting/type.yaml", "category: order_updates", "category: order_updates\nmandatory: true")
    edit(folder / "greeting/push.en.txt", "Line two", "Line 2")
    assert "a second person" in run("push", folder)[0]
    kind.refresh_from_db()
    assert (kind.template_version, Draft.objects.get().waits_for_approval) == (1, True)


def test_a_changed_partial_publishes_anew_what_uses_it(folder: Path, kind: NotificationType) -> None:
    edit(folder / "_shared/partial.sign.html", "Harbor", "Your Harbor")
    out, _ = run("push", folder)
    assert "partial sign: changed" in out
    assert "published as version 2" in out


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "words"),
    [
        ("greeting/push.en.txt", "Line two", "{{ nme }}", 7, "nme"),
        ("greeting/push.en.txt", "Line two", "{% if x", 7, "unexpected"),
        ("greeting/push.en.txt", "title: 'Hi: {{ name }}'", "title: '{{ nme }}'", 2, "nme"),
        ("greeting/push.en.txt", "title: 'Hi: {{ name }}'", "title: [", 4, "no YAML"),
        ("greeting/push.en.txt", "title: 'Hi: {{ name }}'", "titel: x", 2, "titel isn't known"),
        ("greeting/email.en.html", "Hello {{ name }}", "Hello {{ ''.__class__ }}", 4, "__class__"),
        ("greeting/email.en.html", "{% for item in items %}", "{% for item in items %}{{ item.nope }}", 9, "nope"),
        ("greeting/email.en.html", "layout: frame", "layout: nowhere", 6, "no layout"),
        ("greeting/email.en.html", '"sign"', '"nowhere"', 9, "no partial"),
        ("greeting/type.yaml", "kind: list", "kind: lots", 11, "kinds are"),
        ("greeting/type.yaml", "category: order_updates", "category: Order Updates", 1, "small letters"),
        ("greeting/type.yaml", "category: order_updates", "sort: x", 1, "is no rule"),
    ],
)
def test_mistakes_are_told_with_file_and_line(
    folder: Path, kind: NotificationType, file: str, old: str, new: str, line: int, words: str
) -> None:
    edit(folder / file, old, new)
    _, err = run("check", folder)
    assert f"{folder / file}:{line}: error: " in err, err
    assert words in err
    assert "to mend" in err
    assert "FAILED" in run("push", folder)[1]
    kind.refresh_from_db()
    assert kind.template_version == 1


def test_warnings_fail_only_when_asked_to(folder: Path) -> None:
    edit(folder / "greeting/push.en.txt", "Line two", "{{ site }} https:/x.example")
    out, err = run("check", folder)
    assert "push.en.txt:7: warning" in err
    assert "fine" in out
    assert "FAILED" in run("check", "--strict", folder)[1]


def test_checking_asks_no_database(folder: Path, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        run("check", folder)
