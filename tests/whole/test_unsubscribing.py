"""From a mail's header to the next mail that isn't sent: the whole pipeline, a mail server, and the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.test import Client

from notifications.store import get_store
from templates_app.publish import publish
from templates_app.words import Words
from tests.pipeline import Pipeline
from tests.simulators.smtp import SMTPSimulator
from tests.whole.conftest import make_type, make_user

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

ACCOUNTS = """
[[account]]
name = "mail"
provider = "smtp"
channel = "email"
rate = 50
[account.options]
host = "127.0.0.1"
port = {port}
security = "none"
from_email = "Harbor <no-reply@harbor.example>"
"""
HTML = '<p>Hello.</p><p><a href="{{ recipient.unsubscribe_url }}">No more of it</a></p>'


@pytest.fixture
def mailbox(tmp_path: Path, settings) -> Iterator[SMTPSimulator]:
    with SMTPSimulator() as server:
        file = tmp_path / "accounts.toml"
        file.write_text(ACCOUNTS.format(port=server.port))
        settings.PROVIDERS = str(file)
        settings.PUBLIC_URL = "https://notify.example.com"
        yield server


@pytest.fixture
def ann(pipeline: Pipeline) -> str:
    for name, category, rules in (
        ("spring_sale", "promotions", {"marketing": True}),
        ("order_shipped", "order_updates", {}),
        ("login_code", "security", {"mandatory": True}),
    ):
        kind = make_type(name, category=category, channels=["email"], **rules)
        publish(kind, [Words("email", "en", title=name, body="Hello.", html=HTML)])
    make_user("usr_ann", email="ann@example.com")
    return "usr_ann"


def mails(server: SMTPSimulator) -> dict[str, EmailMessage]:
    return {mail["subject"]: mail for mail in server.mails()}


def test_a_click_in_a_mail_ends_its_category_and_nothing_else(pipeline, mailbox, ann):
    for name in ("spring_sale", "order_shipped", "login_code"):
        pipeline.send(name, ann)
    pipeline.run()
    got = mails(mailbox)
    assert set(got) == {"spring_sale", "order_shipped", "login_code"}
    header = re.fullmatch(r"\s*<https://notify\.example\.com(/u/[^>\s]+)>", got["spring_sale"]["list-unsubscribe"])
    assert header
    assert got["spring_sale"]["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    shown = got["spring_sale"].get_body(("html",)).get_content()
    assert shown.count(f"https://notify.example.com{header[1]}") == 2  # the author's link, and the footer's
    assert got["order_shipped"]["list-unsubscribe"] not in (None, got["spring_sale"]["list-unsubscribe"])

    assert Client().post(header[1], {"List-Unsubscribe": "One-Click"}).status_code == 200

    ids = {name: pipeline.send(name, ann) for name in ("spring_sale", "order_shipped")}
    pipeline.run()
    assert [mail["subject"] for mail in mailbox.mails()].count("spring_sale") == 1
    assert [mail["subject"] for mail in mailbox.mails()].count("order_shipped") == 2
    [decided] = get_store().details([ids["spring_sale"]])[ids["spring_sale"]]
    assert [(each.verdict, each.reason) for each in decided.decision.channels] == [("drop", "opted_out")]
    assert "promotions" in decided.decision.channels[0].detail


def test_every_mail_leads_to_its_readers_preferences(pipeline, mailbox, ann):
    for name in ("spring_sale", "login_code"):
        pipeline.send(name, ann)
    pipeline.run()
    for mail in mails(mailbox).values():
        shown = mail.get_body(("html",)).get_content()
        [page] = re.findall(r'href="https://notify\.example\.com(/p/[^"]+)"', shown)
        assert "Promotions" in Client().get(page).content.decode()


def test_what_cant_be_turned_off_offers_nothing_and_its_template_works_all_the_same(pipeline, mailbox, ann):
    pipeline.send("login_code", ann)
    pipeline.run()
    mail = mails(mailbox)["login_code"]
    assert (mail["list-unsubscribe"], mail["list-unsubscribe-post"]) == (None, None)
    assert "/u/" not in mail.get_body(("html",)).get_content()
