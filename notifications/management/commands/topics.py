"""`manage.py topics`: the table of topics against what the log has (contract §3)."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from foundation.command import PlatformCommand
from foundation.errors import LogUnavailable
from notifications.log import ensure_topics, get_log
from notifications.log.catalogue import AS_WANTED, FEWER, MISSING, MORE, OTHERWISE, Standing, survey

REMEDIES = {
    MISSING: "create it with --create",
    FEWER: "grow it with --grow",
    MORE: "it is never shrunk: set TOPIC_PARTITIONS to what is there",
    OTHERWISE: "see below",
}
REPLICAS = "replication factor"
OF_REPLICAS = "move its partitions with kafka-reassign-partitions.sh, or set KAFKA_REPLICATION to what is there"
OF_CONFIG = "kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {name}={wanted}"
GROWN = (
    "{topic}: {there} -> {wanted} partitions. A user's events may go to another partition from now on: until all "
    "that was accepted before is read, a later event of a user can overtake an earlier one."
)
COLUMNS = "{:<28}{:>7}{:>7}  {:<12}{:>10}{:>12}  {}"


class Command(PlatformCommand):
    help = "Shows the log's topics; --create makes the missing ones. Exit code 1 if something differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--create", action="store_true", help="create missing topics; nothing that is there changes"
        )
        parser.add_argument("--grow", action="store_true", help="give topics with too few partitions those they lack")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["create"]:
                ensure_topics()
            if options["grow"]:
                self._grow()
            standings = survey(get_log())
        except LogUnavailable as error:
            raise CommandError(f"the log can't be reached: {error}") from error
        self._show(standings)
        if any(standing.wanted and standing.state != AS_WANTED for standing in standings):
            sys.exit(1)

    def _grow(self) -> None:
        for standing in survey(get_log()):
            if standing.state == FEWER:
                get_log().grow_topic(standing.topic, standing.wanted)
                self.stdout.write(GROWN.format(topic=standing.topic, there=standing.there, wanted=standing.wanted))

    def _show(self, standings: list[Standing]) -> None:
        self.stdout.write(COLUMNS.format("topic", "wanted", "there", "group", "lag", "retained", "state"))
        for one in standings:
            remedy = REMEDIES.get(one.state)
            state = f"{one.state}: {remedy}" if remedy else one.state
            self.stdout.write(
                COLUMNS.format(one.topic, one.wanted or "-", one.there or "-", one.group, one.lag, one.retained, state)
            )
        for one in standings:
            for name, (there, wanted) in one.differs.items() if one.wanted else ():
                remedy = (
                    OF_REPLICAS if name == REPLICAS else OF_CONFIG.format(topic=one.topic, name=name, wanted=wanted)
                )
                self.stdout.write(f"{one.topic}: {name} is {there}, wanted {wanted}; {remedy}")
