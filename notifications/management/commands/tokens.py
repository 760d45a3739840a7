"""`manage.py tokens create|list|revoke`: service and admin tokens; a secret is shown once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import IO, Any, cast

from django.core.management.base import CommandError
from rich.console import Console
from rich.table import Table

from foundation.command import PlatformCommand
from foundation.errors import Refused
from foundation.redis import Unreachable
from notifications.credentials import SCOPES, create_token, note_uses, revoke_token
from notifications.models import ServiceToken


class Command(PlatformCommand):
    help = "Creates, lists and revokes API tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a token and show its secret once")
        create.add_argument("name")
        create.add_argument("--kind", choices=ServiceToken.Kind.values, default="service")
        create.add_argument("--scope", action="append", default=[], dest="scopes", help=", ".join(SCOPES))
        create.add_argument("--type", action="append", default=[], dest="types", help="may send this type; none: all")
        create.add_argument("--rate", type=int, default=0, help="notifications a second; 0: no limit")
        create.add_argument("--days", type=float, help="expires after this many days")
        actions.add_parser("list", help="all tokens, without their secrets")
        revoke = actions.add_parser("revoke", help="end a token now")
        revoke.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        {"create": self._create, "list": self._list, "revoke": self._revoke}[options["action"]](options)

    def _create(self, options: dict[str, Any]) -> None:
        if ServiceToken.objects.filter(name=options["name"]).exists():
            raise CommandError(f"there is a token named {options['name']} already; revoke it or choose another name")
        days = options["days"]
        try:
            secret, row = create_token(
                name=options["name"],
                kind=options["kind"],
                scopes=options["scopes"],
                types=options["types"],
                rate=options["rate"],
                expires_at=datetime.now(UTC) + timedelta(days=days) if days else None,
            )
        except Refused as refusal:
            raise CommandError(f"{refusal.detail} {refusal.remedy}") from refusal
        self.stderr.write(f"{row.kind} token {row.name}; this is shown once:")
        self.stdout.write(secret)

    def _list(self, options: dict[str, Any]) -> None:
        try:
            note_uses()
        except Unreachable:
            self.stderr.write("Redis is away: last uses may be older than shown.")
        table = Table("name", "kind", "begins", "scopes", "types", "rate/s", "last used", "state")
        for row in ServiceToken.objects.all():
            used = row.last_used_at.strftime("%Y-%m-%d %H:%M") if row.last_used_at else "never"
            scopes, types = " ".join(row.scopes), " ".join(row.types) or "all"
            table.add_row(row.name, row.kind, row.prefix, scopes, types, str(row.rate or "no limit"), used, _state(row))
        Console(file=cast("IO[str]", self.stdout), width=160).print(table)

    def _revoke(self, options: dict[str, Any]) -> None:
        row = ServiceToken.objects.filter(name=options["name"]).first()
        if row is None:
            raise CommandError(f"there is no token named {options['name']}; `manage.py tokens list` shows all")
        revoke_token(row)
        self.stdout.write(f"{row.name} is revoked; every process refuses it within seconds")


def _state(row: ServiceToken) -> str:
    if row.revoked_at:
        return "revoked"
    if row.expires_at and row.expires_at <= datetime.now(UTC):
        return "expired"
    return "active"
