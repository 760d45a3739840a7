"""`manage.py bridge [topics…] [--role NAME …]`: hands batches of topics to Celery until it is told to stop."""

from __future__ import annotations

import signal
import socket
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from delivery.bridge import Bridge, BridgeOptions
from delivery.observing import observe
from foundation.collector import collect_rarely
from foundation.command import PlatformCommand
from foundation.watchdog import Watchdog
from notifications.log import get_log
from notifications.topology import ROLES, TOPICS


class Command(PlatformCommand):
    help = "Polls topics and hands what it gets to Celery; commits what is settled. Default: every topic."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("topics", nargs="*", help="topics to serve; names may omit 'notifications.'")
        parser.add_argument(
            "--role", action="append", default=[], choices=sorted(n for n, r in ROLES.items() if r.topics)
        )
        parser.add_argument(
            "--member", default=None, help="stable name in the consumer groups (default: host and role)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        topics = self._topics(options["topics"], options["role"])
        member = options["member"] or f"{socket.gethostname()}-{'-'.join(options['role']) or 'bridge'}"
        bridge = Bridge(get_log(), topics, member, _options())
        stopping: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, frame: stopping.append(received))
        observe()
        collect_rarely()
        self.stdout.write(f"bridge {member} serves {', '.join(topics)}")
        watchdog = Watchdog()
        while not stopping:
            watchdog.feed()
            bridge.turn()
        watchdog.rest()
        bridge.drain(settings.ENV.BRIDGE_DRAIN_S)

    def _topics(self, names: list[str], roles: list[str]) -> list[str]:
        full = [name if name in TOPICS else f"notifications.{name}" for name in names]
        unknown = [name for name in full if name not in TOPICS]
        if unknown:
            raise CommandError(f"no such topic: {', '.join(unknown)}; there are {', '.join(TOPICS)}")
        return full + [topic for role in roles for topic in ROLES[role].topics] or list(TOPICS)


def _options() -> BridgeOptions:
    env = settings.ENV
    return BridgeOptions(
        max_records=env.BATCH_MAX_RECORDS,
        max_bytes=env.BATCH_MAX_BYTES,
        deadline_ms=int(env.BATCH_DEADLINE_S * 1000),
        margin_ms=int(env.BATCH_MARGIN_S * 1000),
        rest_ms=env.BRIDGE_POLL_MS,
        flights=env.BRIDGE_FLIGHTS,
    )
