"""`manage.py expander`: broadcasts onto the bulk lane and their ledgers, until it is told to stop."""

from __future__ import annotations

import signal
import socket
import threading
from typing import Any

from django.core.management.base import CommandParser
from django.db import close_old_connections

from delivery.broadcasts.expander import Expander
from delivery.broadcasts.keeper import Keeper
from delivery.observing import observe
from foundation.collector import collect_rarely
from foundation.command import PlatformCommand
from foundation.watchdog import Watchdog
from notifications.log import ensure_topics, get_log

IDLE_S = 0.25
SHORTEST_S = 0.001


class Command(PlatformCommand):
    help = "Expands broadcasts onto notifications.bulk, keeps their ledgers, counts estimates. Any number may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--member", default=None, help="stable, distinct name (default: the host's)")

    def handle(self, *args: Any, **options: Any) -> None:
        member = options["member"] or f"{socket.gethostname()}-expander"
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda received, frame: stop.set())
        observe()
        ensure_topics()
        ledgers = threading.Thread(target=_keep, args=(member, stop), name="ledgers")
        ledgers.start()
        expander = Expander(get_log(), member)
        collect_rarely()
        self.stdout.write(f"expander {member} is ready")
        while not stop.is_set() and ledgers.is_alive():
            stop.wait(max(SHORTEST_S, expander.turn()))
        stop.set()
        ledgers.join()


def _keep(member: str, stop: threading.Event) -> None:
    keeper = Keeper(get_log(), member)
    watchdog = Watchdog()  # of the member of a group; the expander's own turns count segments, which may take long
    while not stop.is_set():
        watchdog.feed()
        if not keeper.turn():
            close_old_connections()
            stop.wait(IDLE_S)
    watchdog.rest()
    keeper.close()
