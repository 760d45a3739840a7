"""STOP, START and HELP by SMS: the words, and what is answered in the language of the word.

The English ones are those that carriers ask of every sender (CTIA Messaging Principles, and
https://help.twilio.com/articles/223134027); the others are what people of that language write. A message counts only
if the word is all of it: "please don't stop" doesn't unsubscribe.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum

from django.conf import settings


class Wish(StrEnum):
    """What the sender of a keyword wants."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


WORDS: dict[str, dict[Wish, tuple[str, ...]]] = {
    "en": {
        Wish.STOP: (
            "stop",
            "stopall",
            "stop all",
            "unsubscribe",
            "cancel",
            "end",
            "quit",
            "revoke",
            "optout",
            "opt out",
        ),
        Wish.START: ("start", "unstop", "yes", "subscribe"),
        Wish.HELP: ("help", "info"),
    },
    "de": {
        Wish.STOP: ("stopp", "abmelden", "abbestellen", "austragen", "beenden"),
        Wish.START: ("anmelden", "starten", "ja"),
        Wish.HELP: ("hilfe",),
    },
    "es": {
        Wish.STOP: ("alto", "baja", "parar", "cancelar", "detener"),
        Wish.START: ("alta", "empezar", "iniciar", "sí"),
        Wish.HELP: ("ayuda",),
    },
    "fr": {
        Wish.STOP: ("arrêt", "arrêter", "désabonner", "désinscription"),
        Wish.START: ("reprendre", "démarrer", "abonner", "oui"),
        Wish.HELP: ("aide",),
    },
}

ANSWERS: dict[str, dict[Wish, str]] = {
    "en": {
        Wish.STOP: "{brand}: you will get no more messages from us. Reply START to get them again.",
        Wish.START: "{brand}: you will get our messages again. Reply STOP to end them.",
        Wish.HELP: "{brand}: reply STOP to end our messages, START to get them again.",
    },
    "de": {
        Wish.STOP: "{brand}: Sie erhalten keine Nachrichten mehr von uns. Mit ANMELDEN erhalten Sie sie wieder.",
        Wish.START: "{brand}: Sie erhalten unsere Nachrichten wieder. Mit STOPP enden sie.",
        Wish.HELP: "{brand}: Mit STOPP enden unsere Nachrichten, mit ANMELDEN erhalten Sie sie wieder.",
    },
    "es": {
        Wish.STOP: "{brand}: no recibirá más mensajes nuestros. Responda ALTA para volver a recibirlos.",
        Wish.START: "{brand}: volverá a recibir nuestros mensajes. Responda BAJA para no recibirlos.",
        Wish.HELP: "{brand}: responda BAJA para no recibir mensajes, ALTA para volver a recibirlos.",
    },
    "fr": {
        Wish.STOP: "{brand} : vous ne recevrez plus nos messages. Répondez REPRENDRE pour les recevoir à nouveau.",
        Wish.START: "{brand} : vous recevrez à nouveau nos messages. Répondez ARRET pour ne plus en recevoir.",
        Wish.HELP: "{brand} : répondez ARRET pour ne plus recevoir de messages, REPRENDRE pour en recevoir.",
    },
}


def plain(text: str) -> str:
    """The letters of `text` alone: no accents, case or punctuation, single spaces."""
    letters = [char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)]
    words = "".join(char if char.isalnum() else " " for char in letters).casefold().split()
    return " ".join(words)


_MEANINGS: dict[str, tuple[Wish, str]] = {
    plain(word): (wish, language)
    for language, wishes in reversed(WORDS.items())  # a word of two languages is the first one's
    for wish, words in wishes.items()
    for word in words
}


def meaning(text: str) -> tuple[Wish, str] | None:
    """The wish and its language, where `text` is nothing but a keyword."""
    return _MEANINGS.get(plain(text))


def answer(wish: Wish, language: str) -> str:
    """What is said to it."""
    return ANSWERS[language][wish].format(brand=settings.TEMPLATE_BRAND)
