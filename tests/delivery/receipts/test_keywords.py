"""What people write back: STOP, START and HELP in the language of the word."""

from __future__ import annotations

import pytest

from delivery.receipts import keywords
from preferences.models import Suppression
from preferences.suppression import Entry, add
from tests.delivery.receipts.conftest import PHONE
from tests.delivery.receipts.twilio_calls import INBOUND, message, post

pytestmark = [
    pytest.mark.django_db(databases=["default", "store"]),
    pytest.mark.usefixtures("emptied", "twilio_account"),
]

WORDS = [
    ("STOP", "STOP", "en"),
    (" stop. ", "STOP", "en"),
    ("Stop all!", "STOP", "en"),
    ("unsubscribe", "STOP", "en"),
    ("STOPP", "STOP", "de"),
    ("Abmelden", "STOP", "de"),
    ("BAJA", "STOP", "es"),
    ("Arrêt", "STOP", "fr"),
    ("ARRET", "STOP", "fr"),
    ("start", "START", "en"),
    ("Anmelden", "START", "de"),
    ("Alta", "START", "es"),
    ("Reprendre", "START", "fr"),
    ("Help?", "HELP", "en"),
    ("Hilfe", "HELP", "de"),
    ("AYUDA", "HELP", "es"),
    ("aide", "HELP", "fr"),
]


@pytest.mark.parametrize(("text", "wish", "language"), WORDS)
def test_a_keyword_is_answered_in_its_own_language(text, wish, language, client):
    add([Entry(PHONE, "sms", "stop")] if wish == "START" else [], by="twilio")
    answer = post(client, INBOUND, message(text))
    assert answer.status_code == 200
    said = keywords.ANSWERS[language][keywords.Wish(wish)].format(brand="Harbor")
    assert f"<Message>{said}</Message>" in answer.content.decode()
    assert Suppression.objects.filter(address=PHONE, channel="sms").exists() == (wish == "STOP")


@pytest.mark.parametrize("text", ["please don't stop", "Thanks", "", "stopwatch", "🛑"])
def test_anything_else_changes_nothing_and_is_not_answered(text, client):
    answer = post(client, INBOUND, message(text))
    assert (answer.status_code, b"<Message>" in answer.content) == (200, False)
    assert not Suppression.objects.exists()


def test_start_takes_back_a_stop_and_nothing_else(client):
    add([Entry(PHONE, "sms", "stop")], by="twilio")
    add([Entry(PHONE, "sms", "manual", "a court's order")], by="root")
    post(client, INBOUND, message("START"))
    assert Suppression.objects.get().reason == "manual"


def test_a_start_that_is_told_again_does_not_undo_a_later_stop(client):
    for text, sid in (("STOP", "SM1"), ("START", "SM2"), ("STOP", "SM3"), ("START", "SM2")):
        assert post(client, INBOUND, message(text, sid)).status_code == 200
    assert Suppression.objects.exists()


def test_where_twilio_answers_by_itself_we_do_not(client):
    answer = post(client, INBOUND, message("fin", OptOutType="STOP"))
    assert b"<Message>" not in answer.content
    assert Suppression.objects.get().reason == "stop"


def test_a_short_code_or_another_kind_of_sender_is_nobody(client):
    for sender in ("12345", "whatsapp:+4915112345678", "Harbor"):
        assert post(client, INBOUND, message("STOP", From=sender)).status_code == 200
    assert not Suppression.objects.exists()


def test_every_keyword_and_answer_fits_into_one_message():
    for language, wishes in keywords.WORDS.items():
        for wish in keywords.Wish:
            assert len(keywords.ANSWERS[language][wish].format(brand="Harbor")) <= 160
            for word in wishes[wish]:
                meant = keywords.meaning(word)
                assert meant is not None
                assert meant[0] is wish
