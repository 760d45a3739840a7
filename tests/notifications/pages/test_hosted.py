"""The hosted preferences page: what it shows is what rules, what it sets is what was changed on it."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from preferences import unsubscribing
from preferences.choices import matrix_of
from preferences.models import PreferenceRow, User
from preferences.profiles import profiles
from templates_app.catalog import get_catalog

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(enforce_csrf_checks=True)


def link(user: str = "usr_ann") -> str:
    return f"/p/{unsubscribing.page_token(user)}"


class Form:
    """The page's form as a browser would send it back, before anything is clicked."""

    def __init__(self, client: Client, address: str) -> None:
        self._client, self._address = client, address
        self.text = html.unescape(client.get(address).content.decode())
        self.shown = re.findall(r'name="shown" value="([^"]+)"', self.text)
        self.on = re.findall(r'name="on" value="([^"]+)" checked', self.text)

    def toggle(self, *cells: str) -> Form:
        for cell in cells:
            self.on.remove(cell) if cell in self.on else self.on.append(cell)
        return self

    def send(self, **more: str) -> str:
        answer = self._client.post(self._address, {"shown": self.shown, "on": self.on, **more}, follow=True)
        assert answer.status_code == 200
        assert answer.redirect_chain[0][1] == 303
        return answer.content.decode()


def rows() -> set[tuple[str, str, bool]]:
    return set(PreferenceRow.objects.values_list("scope", "channel", "enabled"))


def on(user: str = "usr_ann") -> set[str]:
    cells = matrix_of(user, get_catalog())
    return {f"{cell.type}/{cell.channel}" for cell in cells if cell.kind == "type" and cell.enabled and cell.offered}


def test_it_shows_every_category_with_what_rules_and_what_is_not_offered(client, ann):
    form = Form(client, link())
    assert "Order updates" in form.text
    assert "immer an: betrifft die Sicherheit" in form.text
    assert "Nachrichten zur Sicherheit Ihres Kontos erreichen Sie weiterhin." in form.text
    assert sorted(form.shown) == [
        "account/email=1",
        "order_updates/email=1",
        "order_updates/push=1",
        "order_updates/sms=0",
        "promotions/email=1",
        "promotions/push=1",
    ]
    assert "<script" not in form.text


def test_saving_without_a_change_sets_nothing(client, ann):
    assert "Gespeichert." in Form(client, link()).send()
    assert rows() == set()


def test_only_what_was_changed_is_set_and_felt_at_once(client, ann):
    profiles(["usr_ann"])
    Form(client, link()).toggle("order_updates/sms", "promotions/email").send()
    assert rows() == {("order_updates", "sms", True), ("promotions", "email", False)}
    assert {cell.scope for cell in profiles(["usr_ann"])["usr_ann"].preferences} == {"order_updates", "promotions"}
    assert "promotions/email=0" in Form(client, link()).shown


def test_a_page_that_lay_open_takes_nothing_back(client, ann):
    old = Form(client, link())
    Form(client, link()).toggle("promotions/email").send()
    old.toggle("order_updates/push").send()
    assert rows() == {("promotions", "email", False), ("order_updates", "push", False)}


def test_a_single_types_choice_follows_its_category(client, ann):
    PreferenceRow.objects.create(user=ann, scope="order_delayed", channel="email", enabled=True)
    Form(client, link()).toggle("order_updates/email").send()
    assert not {"order_delayed/email", "order_shipped/email"} & on()


def test_everything_that_can_be_is_off_with_one_button(client, ann):
    Form(client, link()).send(none="")
    assert on() == {
        "order_shipped/in_app",
        "order_delayed/in_app",
        "invoice/in_app",
        "login_code/email",
        "login_code/sms",
        "password_changed/email",
    }


def test_many_changes_are_read_and_written_at_once(client, ann):
    address, counts = link(), []
    for cells in (("promotions/push",), ("promotions/email", "order_updates/email", "order_updates/sms")):
        form = Form(client, address).toggle(*cells)
        with CaptureQueriesContext(connection) as asked:
            client.post(address, {"shown": form.shown, "on": form.on})
        counts.append(sum("preferences_" in each["sql"] for each in asked))
    assert counts[0] == counts[1]


def test_what_is_not_on_the_page_cannot_be_set_by_it(client, ann):
    form = Form(client, link())
    form.shown += [
        "security/email=1",
        "order_updates/in_app=1",
        "promotions/sms=0",
        "*/email=1",
        "nonsense",
        "=",
        "a/b=1",
    ]
    form.toggle("promotions/sms").send()
    assert rows() == set()


def test_a_user_nobody_registered_has_the_defaults_and_is_known_from_the_first_choice_on(client, catalog):
    form = Form(client, link("usr_new"))
    assert not User.objects.exists()
    form.toggle("promotions/push").send()
    assert rows() == {("promotions", "push", False)}


FORGED = {
    "a word": lambda: "x",
    "a signature of nothing": lambda: "a:b:c",
    "another page's link": lambda: unsubscribing.token("usr_ann", "promotions"),
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_link_is_404(forged, client, ann):
    token = FORGED[forged]()
    assert client.get(f"/p/{token}").status_code == 404
    assert client.post(f"/p/{token}", {"none": ""}).status_code == 404
    assert rows() == set()


def test_a_link_holds_for_its_days_and_an_erased_user_has_none(settings, client, ann, monkeypatch):
    address, now = link(), signing.time.time()
    later = timedelta(days=settings.PREFERENCES_LINK_DAYS).total_seconds()
    for after, status in ((later - 60, 200), (later + 60, 404)):
        monkeypatch.setattr(signing.time, "time", lambda after=after: now + after)
        assert client.get(address).status_code == status
    monkeypatch.undo()
    User.objects.filter(user_id="usr_ann").update(erased_at="2026-11-01T00:00:00Z")
    assert client.get(address).status_code == 404
