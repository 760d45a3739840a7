"""Unsubscribing by a link: a GET shows, a POST does, without login or cookie (RFC 8058)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import signing
from django.db import OperationalError
from django.test import Client

from preferences import unsubscribing
from preferences.choices import matrix_of
from preferences.facts import PreferenceCell
from preferences.models import PreferenceRow, User
from templates_app.catalog import get_catalog

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def client() -> Client:
    return Client(enforce_csrf_checks=True)  # as it is in a browser


def link(user: str = "usr_ann", category: str = "order_updates") -> str:
    return f"/u/{unsubscribing.token(user, category)}"


def rows() -> set[tuple[str, str, bool]]:
    return set(PreferenceRow.objects.values_list("scope", "channel", "enabled"))


def is_on(scope: str, channel: str = "email", user: str = "usr_ann") -> bool:
    return next(
        cell.enabled for cell in matrix_of(user, get_catalog()) if (cell.type, cell.channel) == (scope, channel)
    )


def test_a_get_shows_a_button_and_changes_nothing(client, ann):
    for method in ("get", "head"):
        answer = getattr(client, method)(link())
        assert (answer.status_code, rows()) == (200, set())
    page = client.get(link()).content.decode()
    assert 'lang="de" dir="ltr"' in page
    assert "Order updates" in page
    assert page.count("<button") == 1


@pytest.mark.parametrize("form", ["urlencoded", "multipart"])
def test_the_mail_programs_post_unsubscribes_from_the_mails_alone(form, client, ann):
    encoded: dict[str, Any] = {"data": ONE_CLICK}
    if form == "urlencoded":
        encoded = {"data": "List-Unsubscribe=One-Click", "content_type": "application/x-www-form-urlencoded"}
    answer = client.post(link(), **encoded)
    assert answer.status_code == 200
    assert answer.cookies == {}
    assert rows() == {("order_updates", "email", False)}
    assert not is_on("order_shipped")
    assert is_on("order_shipped", "push")
    assert is_on("spring_sale")


def test_twice_is_as_once_and_the_address_of_the_contract_is_the_same(client, ann):
    for _ in range(2):
        assert client.post(link().replace("/u/", "/unsubscribe/"), ONE_CLICK).status_code == 200
    assert rows() == {("order_updates", "email", False)}


def test_what_was_chosen_for_a_single_type_follows_and_comes_back_with_undo(client, ann):
    chosen = {("order_shipped", "email", True), ("order_delayed", "email", False), ("order_shipped", "push", True)}
    PreferenceRow.objects.bulk_create([PreferenceRow(user=ann, scope=s, channel=c, enabled=e) for s, c, e in chosen])
    done = client.post(link(), ONE_CLICK)
    assert not is_on("order_shipped")
    assert is_on("order_shipped", "push")
    [undo] = re.findall(r'name="undo" value="([^"]+)"', done.content.decode())
    assert client.post(link(), {"undo": undo}).status_code == 200
    assert is_on("order_shipped")
    assert not is_on("order_delayed")


def test_an_undo_is_over_after_a_day(client, ann, monkeypatch):
    done, now = client.post(link(), ONE_CLICK), signing.time.time()
    [undo] = re.findall(r'name="undo" value="([^"]+)"', done.content.decode())
    day = unsubscribing.UNDO_WITHIN.total_seconds()
    for after, status, is_back in ((day + 60, 404, False), (day - 60, 200, True)):
        monkeypatch.setattr(signing.time, "time", lambda after=after: now + after)
        assert client.post(link(), {"undo": undo}).status_code == status
        assert is_on("order_shipped") == is_back


def test_an_undo_is_for_its_own_user(client, ann):
    other = unsubscribing.undo_token("usr_bob", [PreferenceCell("promotions", "sms", True)])
    assert client.post(link(), {"undo": other}).status_code == 404
    assert client.post(link(), {"undo": "made up"}).status_code == 404
    assert rows() == set()


FORGED = {
    "a word": lambda: "x",
    "a signature of nothing": lambda: "a:b",
    "its end is another": lambda: unsubscribing.token("usr_ann", "promotions")[:-1] + "~",
    "another page's link": lambda: unsubscribing.page_token("usr_ann"),
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_link_is_404_and_changes_nothing(forged, client, ann):
    token = FORGED[forged]()
    for answer in (client.get(f"/u/{token}"), client.post(f"/u/{token}", ONE_CLICK)):
        assert answer.status_code == 404
        assert "This link doesn" in answer.content.decode()
    assert rows() == set()


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "Two-Click"}, {"undo": ""}])
def test_another_post_changes_nothing(body, client, ann):
    assert client.post(link(), body).status_code == 400
    assert rows() == set()


def test_what_is_about_security_stays_and_says_so(client, ann):
    answer = client.post(link(category="security"), ONE_CLICK)
    assert answer.status_code == 409
    assert "lassen sich nicht abstellen" in answer.content.decode()
    assert rows() == set()


def test_of_a_mixed_category_the_mandatory_part_stays(client, ann):
    assert client.post(link(category="account"), ONE_CLICK).status_code == 200
    assert not is_on("invoice")
    assert is_on("password_changed")


def test_a_category_that_is_gone_a_user_nobody_registered_and_one_who_was_erased(client, ann):
    assert client.post(link(category="weather"), ONE_CLICK).status_code == 200
    assert client.post(link(user="usr_new"), ONE_CLICK).status_code == 200
    assert not is_on("order_shipped", user="usr_new")
    User.objects.filter(user_id="usr_ann").update(erased_at="2026-11-01T00:00:00Z")
    assert client.post(link(), ONE_CLICK).status_code == 200
    assert not PreferenceRow.objects.filter(user=ann).exists()


LANGUAGES = [
    ("de-AT", "", "de", "ltr"),
    ("es-MX", "de", "es", "ltr"),
    ("fr", "", "fr", "ltr"),
    ("ar-EG", "", "ar", "rtl"),
    ("zh-TW", "", "en", "ltr"),
    ("", "fr-CA,en;q=0.5", "fr", "ltr"),
    ("", "", "en", "ltr"),
    ("", "nonsense;;q=9", "en", "ltr"),
]


@pytest.mark.parametrize(("locale", "accepted", "language", "direction"), LANGUAGES)
def test_it_speaks_the_users_language_else_the_browsers(locale, accepted, language, direction, client, ann):
    User.objects.filter(user_id="usr_ann").update(locale=locale)
    page = client.get(link(), headers={"Accept-Language": accepted}).content.decode()
    assert f'<html lang="{language}" dir="{direction}">' in page


def test_the_address_stays_with_its_reader(client, ann):
    answer = client.get(link())
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "<script" not in answer.content.decode()


def test_with_the_database_away_it_says_later_and_the_program_may_try_again(client, ann, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone away")

    address = link()
    monkeypatch.setattr("django.db.models.query.QuerySet._fetch_all", away)
    answer = client.post(address, ONE_CLICK)
    assert answer.status_code == 503
    assert answer["Retry-After"]


def test_the_headers_are_those_of_the_rfc(settings):
    settings.PUBLIC_URL = "https://news.example.com/"
    headers = unsubscribing.headers(unsubscribing.url("usr_ann", "promotions"))
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<https://news\.example\.com/u/([\w:.-]+)>", headers["List-Unsubscribe"])
    assert found
    assert unsubscribing.read(found[1]) == ("usr_ann", "promotions")


def test_one_click_is_offered_by_https_alone(settings):
    settings.PUBLIC_URL = "http://localhost:8000"
    assert list(unsubscribing.headers(unsubscribing.url("usr_ann", "promotions"))) == ["List-Unsubscribe"]


def test_a_link_fits_names_of_any_kind():
    for user in ("usr_1", "ü/ser 🛑", "x" * 128):
        assert unsubscribing.read(unsubscribing.token(user, "promotions")) == (user, "promotions")
