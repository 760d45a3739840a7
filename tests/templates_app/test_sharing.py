"""Layouts and partials: shared while words are written, copied when they are published."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from foundation.errors import TemplateError
from templates_app.content import Content, RenderRequest
from templates_app.models import NotificationType, SharedHtml, TemplateVersion
from templates_app.publish import publish, published
from templates_app.publish_anew import publish_anew, users_of, waiting
from templates_app.render import render
from templates_app.words import Words

MakeType = Callable[..., NotificationType]
FRAME = "<html><body><i>old frame</i><!-- content --></body></html>"
MAIL = Words(
    "email", "en", title="x", body="x", html='<p>Hi</p>\n{% include "sign" %}\n<b>{{ name }}</b>', layout="frame"
)


@pytest.fixture
def kind(make_type: MakeType) -> NotificationType:
    SharedHtml.objects.create(kind="layout", name="frame", source=FRAME)
    SharedHtml.objects.create(kind="partial", name="sign", source="<p>Yours,\n{% include 'brand' %}</p>")
    SharedHtml.objects.create(kind="partial", name="brand", source="<b>{{ content.brand }}</b>")
    return make_type("greeting", MAIL, channels=["email"])


def html_of(version: int = 0, name: str = "Ada") -> str:
    request = RenderRequest(
        type="greeting", channel="email", locale="en", data={"name": name}, template_version=version
    )
    (content,) = render([request])
    assert isinstance(content, Content), content
    return content.html


def test_a_mail_stands_in_its_layout_with_its_partials(kind: NotificationType, settings: object) -> None:
    html = html_of()
    assert "old frame" in html
    assert "Yours, <b>Harbor</b>" in html
    assert "<b>&lt;Ada&gt;</b>" in html_of(name="<Ada>")


def test_a_changed_layout_changes_no_published_mail_until_it_is_published_anew(kind: NotificationType) -> None:
    SharedHtml.objects.filter(name="frame").update(source=FRAME.replace("old", "new"))
    assert "old frame" in html_of()
    publish(kind, [MAIL])
    assert "new frame" in html_of()
    assert "old frame" in html_of(version=1)


def test_published_words_carry_only_what_they_use(kind: NotificationType) -> None:
    SharedHtml.objects.create(kind="partial", name="other", source="x")
    assert set(published(kind)[0].shared) == {"layout frame", "partial sign", "partial brand"}


@pytest.mark.parametrize(
    ("html", "layout", "line", "why"),
    [
        ('<p>\n{% include "nowhere" %}', "", 2, "no partial 'nowhere'"),
        ("<p>x</p>", "nowhere", None, "no layout 'nowhere'"),
        ('a\n{% include "circle" %}', "", 2, "deep"),
    ],
)
def test_what_isnt_there_is_refused_at_its_line(
    kind: NotificationType, html: str, layout: str, line: int | None, why: str
) -> None:
    SharedHtml.objects.create(kind="partial", name="circle", source='{% include "circle" %}')
    with pytest.raises(TemplateError) as caught:
        publish(kind, [Words("email", "en", title="x", body="x", html=html, layout=layout)])
    assert why in caught.value.reason
    assert line is None or caught.value.line == line


def test_an_error_after_a_partial_of_many_lines_names_the_authors_line(kind: NotificationType) -> None:
    request = RenderRequest(type="greeting", channel="email", locale="en", data={})
    (error,) = render([request])
    assert isinstance(error, TemplateError)
    assert (error.line, "name" in error.reason) == (3, True)


def test_the_types_that_use_a_layout_are_published_anew_with_their_words(
    kind: NotificationType, make_type: MakeType
) -> None:
    make_type("other", Words("email", "en", title="x", body="x", html="<p>x</p>"), channels=["email"])
    frame = SharedHtml.objects.get(name="frame")
    frame.source = FRAME.replace("old", "new")
    frame.save()
    (version,) = publish_anew(users_of([frame]), by="ada", note="new frame")
    assert isinstance(version, TemplateVersion)
    assert (version.type, version.number, version.note) == (kind, 2, "new frame")
    assert "new frame" in html_of()
    assert "Yours, <b>Harbor</b>" in html_of()


def test_those_of_mandatory_types_are_proposed(kind: NotificationType) -> None:
    kind.mandatory = True
    kind.save()
    done = publish_anew(users_of(SharedHtml.objects.filter(name="brand")), by="ada", note="brand")
    assert waiting(done) == 1
    assert "old frame" in html_of()
