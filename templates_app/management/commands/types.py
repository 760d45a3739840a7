"""`manage.py types list | show NAME | add NAME …`: notification types from the command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction

from foundation.command import PlatformCommand
from foundation.errors import TemplateError
from templates_app.models import NotificationType
from templates_app.publish import publish, published
from templates_app.validators import KNOWN_CHANNELS
from templates_app.words import Words


class Command(PlatformCommand):
    """Lists, shows and adds types. `add` writes the same words for each of its channels; refine them in the admin."""

    help = "Notification types: list them, show one with its words, add one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The three sub-commands."""
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="all types")
        actions.add_parser("show", help="one type with its words").add_argument("name")
        add = actions.add_parser("add", help="a new type, ready to be sent")
        add.add_argument("name", help="small letters, digits, underscores")
        add.add_argument("--category", default="general")
        add.add_argument("--priority", default="normal", choices=NotificationType.Priority.values)
        add.add_argument("--channels", default="in_app", help=f"comma-separated, of {', '.join(KNOWN_CHANNELS)}")
        add.add_argument("--title", required=True, help='"Hi {{ name }}"')
        add.add_argument("--body", default="", help='"{{ text }}"')
        add.add_argument("--action-url", default="", help="/orders/{{ order_id }}")
        add.add_argument("--locale", default="en")
        add.add_argument("--sms-countries", default="", help="ISO codes, comma-separated; empty: SMS_COUNTRIES")
        for flag in ("mandatory", "marketing", "two-factor"):
            add.add_argument(f"--{flag}", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs the sub-command."""
        {"list": self._list, "show": self._show, "add": self._add}[options["action"]](options)

    def _list(self, options: dict[str, Any]) -> None:
        for row in NotificationType.objects.all():
            channels = ",".join(row.channels)
            self.stdout.write(f"{row.name:<24} {row.category:<16} {row.priority:<9} {channels}")

    def _show(self, options: dict[str, Any]) -> None:
        row = NotificationType.objects.filter(name=options["name"]).first()
        if row is None:
            raise CommandError(f"there is no type {options['name']}; `manage.py types list` names all")
        fields = ("name", "category", "priority", "channels", "mandatory", "marketing", "two_factor", "dedupe_window_s")
        for field in (*fields, "expires_after_s", "sms_countries", "version", "template_version"):
            self.stdout.write(f"{field}: {getattr(row, field)}")
        for words in published(row):
            self.stdout.write(f"\n[{words.channel} {words.locale}]\n{words.title}\n{words.body}")
        self.stdout.write(f"\nexample data: {json.dumps(row.example)}")

    def _add(self, options: dict[str, Any]) -> None:
        row = NotificationType(
            name=options["name"],
            category=options["category"],
            priority=options["priority"],
            channels=_parts(options["channels"]),
            sms_countries=_parts(options["sms_countries"]),
            default_locale=options["locale"],
            **{flag: options[flag] for flag in ("mandatory", "marketing", "two_factor")},
        )
        try:
            row.full_clean()
            with transaction.atomic():
                row.save()
                publish(row, [_words(channel, options) for channel in row.channels])
        except ValidationError as error:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(why)}" for field, why in error.message_dict.items())
            ) from None
        except TemplateError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{row.name} is ready; its words are in the admin under Templates")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _words(channel: str, options: dict[str, Any]) -> Words:
    """SMS has no title: it gets title and body in one."""
    title, body = options["title"], options["body"]
    if channel == "sms":
        return Words(channel, options["locale"], body=f"{title} {body}".strip())
    return Words(channel, options["locale"], title=title, body=body or title, action_url=options["action_url"])
