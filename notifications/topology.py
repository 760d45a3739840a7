"""The one table of topics, lanes, stages, queues and roles (contract §3, design.md "Roles").

Everything that needs to know where a record goes or who handles it reads it here: the log, the bridge, Celery's
routing, the supervisor, metrics and docs. A topic's `chain` is the list of Celery task names its batches go through,
the last of which ends in the "settled" word.
"""

from __future__ import annotations

from dataclasses import dataclass

CHANNELS = ("in_app", "push", "email", "sms")
PRIORITIES = ("critical", "high", "normal", "low")
LANES = ("critical", "standard", "bulk")

RAW = "notifications.raw"
CRITICAL = "notifications.critical"
BULK = "notifications.bulk"
DELIVERY = "notifications.delivery"
DLQ = "notifications.dlq"

# Somebody looks at the screen for an in-app one (1 s); push has 5 s, SMS 10, email 30 (contract §8). Nobody looks at
# the tracker's second, and what of a notification meets in one batch of its is fewer rows (docs/decisions/0011).
GATHER_QUICK_MS, GATHER_MS, GATHER_LONG_MS = 50, 100, 250
GATHER_OF_CHANNEL = {"in_app": GATHER_QUICK_MS, "push": GATHER_MS, "email": GATHER_LONG_MS, "sms": GATHER_LONG_MS}

KEY_USER = "user id"
KEY_NOTIFICATION = "notification id"


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A topic: `partitions` is the default count, `group` the consumer group, `queue` the Celery queue of its chain.

    `gather_ms`: how long records wait for company after a batch that wasn't large. At rest nothing waits.
    """

    name: str
    partitions: int
    key: str
    lane: str
    group: str
    queue: str
    chain: tuple[str, ...]
    gather_ms: int


ROUTING_CHAIN = (
    "delivery.stages.route",
    "delivery.stages.render",
    "delivery.stages.fan_out",
)
DELIVERY_CHAIN = ("delivery.stages.deliver", "delivery.stages.report")
CRITICAL_CHAIN = (
    "delivery.stages.route",
    "delivery.stages.render",
    "delivery.stages.deliver_direct",
    "delivery.stages.report",
)


def _channel_topics(lane: str, suffix: str) -> list[Topic]:
    counts = {"in_app": 16, "push": 16, "email": 8, "sms": 4}
    return [
        Topic(
            name=channel_topic(channel, lane),
            partitions=counts[channel],
            key=KEY_USER,
            lane=lane,
            group=channel + suffix,
            queue=channel if lane == "standard" else "bulk",
            chain=DELIVERY_CHAIN,
            gather_ms=GATHER_OF_CHANNEL[channel] if lane == "standard" else GATHER_LONG_MS,
        )
        for channel in CHANNELS
    ]


def channel_topic(channel: str, lane: str) -> str:
    """The topic that carries `channel` in `lane`; the critical lane has none (contract §3)."""
    return f"notifications.{channel}.bulk" if lane == "bulk" else f"notifications.{channel}"


def intake_topic(lane: str) -> str:
    """The topic on which `lane` accepts."""
    return {"critical": CRITICAL, "standard": RAW, "bulk": BULK}[lane]


def lane_of(priority: str) -> str:
    """The lane of a single notification by its priority (contract, "Words and identities")."""
    return {"critical": "critical", "low": "bulk"}.get(priority, "standard")


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in [
        Topic(
            name=RAW,
            partitions=32,
            key=KEY_USER,
            lane="standard",
            group="router",
            queue="router",
            chain=ROUTING_CHAIN,
            gather_ms=GATHER_QUICK_MS,
        ),
        *_channel_topics("standard", ""),
        Topic(
            name=DELIVERY,
            partitions=16,
            key=KEY_NOTIFICATION,
            lane="standard",
            group="tracker",
            queue="tracker",
            chain=("delivery.stages.track",),
            gather_ms=GATHER_LONG_MS,
        ),
        Topic(
            name=DLQ,
            partitions=8,
            key=KEY_NOTIFICATION,
            lane="standard",
            group="retry",
            queue="retry",
            chain=("delivery.stages.schedule",),
            gather_ms=GATHER_LONG_MS,
        ),
        Topic(
            name=CRITICAL,
            partitions=4,
            key=KEY_USER,
            lane="critical",
            group="critical",
            queue="critical",
            chain=CRITICAL_CHAIN,
            gather_ms=GATHER_QUICK_MS,
        ),
        Topic(
            name=BULK,
            partitions=32,
            key=KEY_USER,
            lane="bulk",
            group="bulk",
            queue="bulk",
            chain=ROUTING_CHAIN,
            gather_ms=GATHER_MS,
        ),
        *_channel_topics("bulk", ".bulk"),
    ]
}

INTAKE_TOPICS = (RAW, CRITICAL, BULK)


@dataclass(frozen=True, kw_only=True)
class Role:
    """A row of the brief's service table: the topics its bridge serves and the Celery queues behind it."""

    name: str
    topics: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    purpose: str = ""


def _role(name: str, purpose: str, topics: tuple[str, ...] = (), queues: tuple[str, ...] = ()) -> Role:
    return Role(name=name, topics=topics, queues=queues, purpose=purpose)


ROLES: dict[str, Role] = {
    role.name: role
    for role in [
        _role("web", "REST API, admin, webhooks"),
        _role("gateway", "WebSocket gateway"),
        _role("grpc", "gRPC: sending and status"),
        _role("router", "routes, renders, fans out", (RAW,), ("router",)),
        _role("in_app", "inbox and sockets", ("notifications.in_app",), ("in_app",)),
        _role("push", "APNs, FCM", ("notifications.push",), ("push",)),
        _role("email", "email provider", ("notifications.email",), ("email",)),
        _role("sms", "SMS provider", ("notifications.sms",), ("sms",)),
        _role("tracker", "delivery tracker", (DELIVERY,), ("tracker",)),
        _role("retry", "retry scheduler: what failed, and what is due", (DLQ,), ("retry",)),
        _role("critical", "the critical lane, entire", (CRITICAL,), ("critical",)),
        _role("bulk", "the bulk lane, entire", tuple(t.name for t in TOPICS.values() if t.lane == "bulk"), ("bulk",)),
        _role("expander", "broadcasts: audiences onto the bulk lane, and their ledgers"),
        _role("beat", "ticks for the retry scheduler; at most one acts"),
    ]
}

# Reads `notifications.delivery` beside the tracker, for the ledgers of broadcasts (docs/decisions/0021).
LEDGER_GROUP = "ledger"

QUEUES = tuple(dict.fromkeys(queue for role in ROLES.values() for queue in role.queues))
