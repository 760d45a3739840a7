"""The mail that every email provider sends: its parts, its headers, and what must not get into them."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from delivery.providers.email_message import Sender, check_sender, message
from foundation.errors import PermanentForAddress, PermanentForMessage
from templates_app.content import Content
from tests.delivery.providers.made_orders import CONTENT, order

SENDER = Sender(from_email="Harbor <no-reply@harbor.example>")


def mail(content=CONTENT, *, address="ann@example.com", sender=SENDER, **other):
    """The mail as its reader's program sees it, and the order it was made of."""
    one = order(address, channel="email", content=content, **other)
    return message_from_bytes(message(one, sender).message().as_bytes(), policy=policy.default), one


def test_it_has_a_text_and_an_html_part():
    seen, _ = mail()
    assert seen.get_content_type() == "multipart/alternative"
    text, markup = seen.iter_parts()
    assert (text.get_content_type(), text.get_content().strip()) == ("text/plain", CONTENT.body)
    assert (markup.get_content_type(), markup.get_content().strip()) == ("text/html", CONTENT.html)
    assert (seen["subject"], seen["from"], seen["to"]) == ("Shipped", SENDER.from_email, "ann@example.com")


def test_it_has_one_message_id_for_all_attempts_of_a_send():
    first, one = mail(id="notif_1")
    again, _ = mail(id="notif_1", attempt=2)
    assert first["message-id"] == again["message-id"] == f"<{one.send.id}@harbor.example>"


def test_a_text_alone_is_one_part():
    seen, _ = mail(Content(title="Shipped", body="On its way."))
    assert (seen.get_content_type(), seen.get_content().strip()) == ("text/plain", "On its way.")


def test_html_alone_gets_a_text_for_those_who_cant_read_it():
    seen, _ = mail(Content(title="x", html="<h1>Hello</h1>\n\n\n<p>Fish &amp; chips</p>"))
    assert seen.get_body(("plain",)).get_content().strip() == "Hello\n\nFish & chips"


@pytest.mark.parametrize(
    "title",
    [
        "Hello\r\nBcc: everybody@example.com",
        "Hello\nBcc: everybody@example.com",
        "Hello\u2028Bcc: everybody@example.com",
        "Hello\x00\x0bBcc: everybody@example.com",
    ],
)
def test_a_subject_brings_no_headers_along(title):
    seen, _ = mail(Content(title=title, body="x"))
    assert seen["bcc"] is None
    assert seen["subject"] == "Hello Bcc: everybody@example.com"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "ann@",
        "ann@example.com\nBcc: everybody@example.com",
        "ann@example.com, everybody@example.com",
        "Ann <ann@example.com>",
        "a" * 400 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused_for_good(address):
    with pytest.raises(PermanentForAddress, match="name@domain"):
        mail(address=address)


def test_emoji_and_right_to_left_arrive_as_written():
    content = Content(title="הזמנה 📦 \u202bA-17\u202c", body="שלום 👋🏽", html="<p dir=rtl>שלום 👋🏽</p>")
    seen, _ = mail(content)
    assert seen["subject"] == content.title
    text, markup = seen.iter_parts()
    assert (text.get_content().strip(), markup.get_content().strip()) == (content.body, content.html)


@pytest.mark.parametrize("content", [Content(title="x"), Content(title="x", body=" \n", html="  ")])
def test_an_empty_mail_is_refused(content):
    with pytest.raises(PermanentForMessage, match="empty"):
        mail(content)


def test_a_subject_without_end_is_refused_with_its_figure():
    with pytest.raises(PermanentForMessage, match="1,000 characters; 900"):
        mail(Content(title="a" * 1_000, body="x"))


class TestUnsubscribing:
    """RFC 2369, RFC 8058."""

    def test_it_is_one_click_at_webs_address(self, settings):
        settings.PUBLIC_URL = "https://n.example/"
        seen, _ = mail(unsubscribe="a:signed-token")
        assert seen["list-unsubscribe"] == "<https://n.example/u/a:signed-token>"
        assert seen["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"

    def test_an_account_may_name_another_address(self):
        sender = Sender(from_email="a@harbor.example", unsubscribe_url="https://m.example/unsubscribe/{token}")
        assert mail(sender=sender, unsubscribe="t")[0]["list-unsubscribe"] == "<https://m.example/unsubscribe/t>"

    def test_one_click_is_not_offered_without_tls(self, settings):
        settings.PUBLIC_URL = "http://localhost:8000"
        seen, _ = mail(unsubscribe="t")
        assert (seen["list-unsubscribe"], seen["list-unsubscribe-post"]) == ("<http://localhost:8000/u/t>", None)

    def test_what_cant_be_ended_offers_nothing(self):
        seen, _ = mail()
        assert (seen["list-unsubscribe"], seen["list-unsubscribe-post"]) == (None, None)


@pytest.mark.parametrize(
    ("sender", "field"),
    [
        (Sender(from_email=""), "from_email"),
        (Sender(from_email="Harbor\nBcc: x@example.com <a@harbor.example>"), "from_email"),
        (Sender(from_email="a@harbor.example", reply_to="nobody"), "reply_to"),
        (Sender(from_email="a@harbor.example", unsubscribe_url="https://n.example/u"), "unsubscribe_url"),
        (Sender(from_email="a@harbor.example", unsubscribe_url="/u/{token}"), "unsubscribe_url"),
    ],
)
def test_a_sender_that_cant_be_is_told_by_its_field(sender, field):
    with pytest.raises(ValueError, match=field):
        check_sender(sender)


def test_a_sender_with_a_name_is_fine():
    check_sender(Sender(from_email="Hafen Häfen <no-reply@harbor.example>", reply_to="help@harbor.example"))
