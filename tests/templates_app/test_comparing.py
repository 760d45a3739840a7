"""Two states of a type's words side by side."""

from __future__ import annotations

from templates_app.comparing import ADDED, CHANGED, REMOVED, SAME, compare, lines
from templates_app.words import Words

EN = Words("push", "en", title="Hi", body="one\ntwo")


def test_only_what_differs_is_shown_with_its_words() -> None:
    sms = Words("sms", "en", body="x")
    (change,) = compare([EN, sms], [Words("push", "en", title="Hi", body="one\ntwo more"), sms])
    assert (change.channel, change.locale, change.kind) == ("push", "en", CHANGED)
    (field,) = change.fields
    assert [line.kind for line in field.lines] == [SAME, CHANGED]
    assert field.lines[1].right == [("two", False), (" more", True)]


def test_texts_that_come_and_go() -> None:
    german = Words("push", "de", title="Hallo")
    assert [(each.locale, each.kind) for each in compare([EN], [german])] == [("de", ADDED), ("en", REMOVED)]
    assert compare([EN], [EN]) == []


def test_lines_keep_their_numbers_on_both_sides() -> None:
    found = lines("a\nb\nc", "a\nc\nd")
    assert [(each.kind, each.left_number, each.right_number) for each in found] == [
        (SAME, 1, 1),
        (REMOVED, 2, 0),
        (SAME, 3, 2),
        (ADDED, 0, 3),
    ]
