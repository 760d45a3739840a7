"""manage.py seed: a small company, the same however often it is run."""

from __future__ import annotations

import stat
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import authenticate as log_in
from django.core.management import call_command
from django.http import HttpRequest

from delivery.roles import roles_of
from demo import env_file, town
from demo.company import KINDS, PEOPLE, SERVICES
from foundation.errors import Unauthenticated
from notifications.credentials import authenticate
from notifications.models import ServiceToken
from preferences.models import Device, PreferenceRow, Segment, Suppression, User
from preferences.segments import members
from templates_app.catalog import get_catalog
from templates_app.content import Content, RenderRequest
from templates_app.models import NotificationType, TemplateText
from templates_app.publish import publish
from templates_app.render import render
from templates_app.words import Words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

REQUIRED = {
    "API", "GRPC", "SERVICE_TOKEN", "ADMIN_TOKEN", "USER_ID", "USER_TOKEN", "ADMIN_USER", "ADMIN_PASSWORD",
    "SOCIAL_TOKEN", "AUTH_TOKEN", "MARKETING_TOKEN",
}  # fmt: skip


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own."""
    monkeypatch.setattr(settings, "VAR", tmp_path)
    return tmp_path


def seed() -> dict[str, str]:
    call_command("seed", stdout=StringIO())
    return env_file.read(settings.VAR / "demo.env")


def test_the_file_can_be_sourced_by_a_shell_and_read_by_its_owner_only(var: Path) -> None:
    variables = seed()
    assert set(variables) == REQUIRED
    assert variables["API"] == f"{settings.PUBLIC_URL}/api/v1"
    assert stat.S_IMODE((var / "demo.env").stat().st_mode) == 0o600
    script = f'. {var}/demo.env; printf \'%s\\n\' "$USER_TOKEN" "$ADMIN_PASSWORD"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split("\n")
    assert said[:2] == [variables["USER_TOKEN"], variables["ADMIN_PASSWORD"]]


def test_every_credential_works_and_is_scoped_to_its_service() -> None:
    variables = seed()
    for service in SERVICES:
        facts = authenticate(variables[service.variable])
        assert (facts.kind, facts.types, facts.scopes) == (service.kind, service.types, frozenset(service.scopes))
    assert authenticate(variables["USER_TOKEN"]).user_id == "usr_42"
    password = variables["ADMIN_PASSWORD"]
    assert log_in(HttpRequest(), username=variables["ADMIN_USER"], password=password).is_superuser  # type: ignore[union-attr]


def test_there_is_a_member_of_staff_for_each_role_with_the_admins_password() -> None:
    password = seed()["ADMIN_PASSWORD"]
    for role in ("author", "marketer", "approver", "support", "operator"):
        staff = log_in(HttpRequest(), username=role, password=password)
        assert staff is not None
        assert (roles_of(staff), staff.is_staff) == ({role}, True)


def test_a_second_start_keeps_everything_but_renews_the_user_token() -> None:
    first = seed()
    counts = [model.objects.count() for model in (User, Device, PreferenceRow, Suppression, TemplateText, ServiceToken)]
    second = seed()
    assert {**second, "USER_TOKEN": ""} == {**first, "USER_TOKEN": ""}
    assert counts == [
        model.objects.count() for model in (User, Device, PreferenceRow, Suppression, TemplateText, ServiceToken)
    ]


def test_what_was_changed_is_not_set_back() -> None:
    seed()
    kind = NotificationType.objects.get(name="order_shipped")
    publish(kind, [Words("in_app", "en", title="My own words")])
    User.objects.filter(user_id="usr_42").update(email="elsewhere@example.com")
    seed()
    kind.refresh_from_db()
    assert kind.template_version == 2
    assert User.objects.get(user_id="usr_42").email == "elsewhere@example.com"


def test_a_lost_file_leads_to_new_credentials_and_ends_the_old_ones(var: Path) -> None:
    first = seed()
    (var / "demo.env").unlink()
    second = seed()
    assert authenticate(second["SERVICE_TOKEN"])
    with pytest.raises(Unauthenticated):
        authenticate(first["SERVICE_TOKEN"])
    assert log_in(HttpRequest(), username="admin", password=second["ADMIN_PASSWORD"])


def test_the_company_covers_all_priorities_channels_and_both_languages() -> None:
    seed()
    catalog = get_catalog()
    facts = [catalog.facts(kind.name) for kind in KINDS]
    assert len(facts) >= 12
    assert {each.priority for each in facts if each} == {"critical", "high", "normal", "low"}
    assert {channel for each in facts if each for channel in each.channels} == {"in_app", "push", "email", "sms"}
    assert set(TemplateText.objects.values_list("locale", flat=True)) == {"en", "de"}
    sent = {name for service in SERVICES for name in service.types}
    assert sent == set(catalog.names())


def test_every_type_renders_its_example_on_every_channel() -> None:
    seed()
    requests = [
        RenderRequest(
            type=kind.name,
            channel=channel,
            locale=locale,
            data=kind.example,
            recipient={"id": "usr_42", "locale": locale},
        )
        for kind in KINDS
        for channel in kind.channels
        for locale in ("en-US", "de-AT", "fr-FR")
    ]
    for request, content in zip(requests, render(requests), strict=True):
        assert isinstance(content, Content), (request.type, request.channel, content)
        assert content.locale == ("de" if request.locale == "de-AT" else "en")
        assert content.body
        assert content.title or request.channel == "sms"
        assert content.action_url.startswith("/") or request.channel == "sms"
        assert content.html or request.channel != "email"
        assert "{{" not in content.title + content.body + content.html


def test_the_briefs_example_reads_as_in_the_brief() -> None:
    seed()
    data = {"order_id": "ord_abc123", "tracking_number": "TR12345", "carrier": "FedEx"}
    content = render([RenderRequest(type="order_shipped", channel="in_app", locale="en", data=data)])[0]
    assert isinstance(content, Content)
    assert content.title == "Your order has shipped!"
    assert content.body == "Order #ABC123 is on its way via FedEx."
    assert content.action_url == "/orders/abc123"


def test_the_pictures_are_there() -> None:
    folder = Path(settings.BASE_DIR) / "demo" / "static"
    pictures = {words.image for kind in KINDS for words in kind.texts if words.image}
    assert pictures
    assert all((folder / picture.removeprefix("/static/")).exists() for picture in pictures)


def test_the_segment_of_all_active_users_is_everybody_but_the_erased() -> None:
    """The company's people and the town's."""
    seed()
    found = set(members("all_active_users"))
    assert {user for user in found if not user.startswith(town.PREFIX)} == {
        person.user_id for person in PEOPLE if not person.erased
    }
    assert len(found) == User.objects.filter(erased_at=None).count() > town.PEOPLE
    assert Segment.objects.count() >= 2
