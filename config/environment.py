"""Every setting that comes from the environment, documented in one place; `docs/settings.md` is written from it."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from foundation.process import name_of

ROOT = Path(__file__).resolve().parent.parent
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
CountInSeconds = Annotated[str, Field(pattern=r"^\d+/[1-9]\d*$")]


class Environment(BaseSettings):
    """Reads the process's environment; a wrong value ends the start with the name of the setting."""

    model_config = SettingsConfigDict(extra="ignore", case_sensitive=True)

    # --- where
    VAR: Path = Field(ROOT / "var", description="State folder: databases, log, sockets, process logs.")
    PORT: int = Field(8000, description="HTTP port of web; the gateway listens on GATEWAY_PORT.")
    GATEWAY_PORT: int = Field(0, description="Port of the WebSocket gateway; 0 means PORT + 1.")
    GRPC_PORT: int = Field(0, description="Port of gRPC; 0 means PORT + 2.")
    PUBLIC_URL: str = Field("", description="Address under which users reach web; empty means http://localhost:PORT.")
    GATEWAY_URL: str = Field(
        "", description="Address under which users reach the gateway; empty means ws://localhost:GATEWAY_PORT."
    )

    # --- security
    SECRET_KEY: str = Field("", description="Signing key of user tokens, tickets, cursors; empty: made once in VAR.")
    DEBUG: bool = Field(False, description="Django's debug pages. Never in production.")
    DEMO: bool = Field(False, description="Shows the demo page and its kill buttons; loopback only.")
    ALLOWED_HOSTS: Annotated[list[str], NoDecode] = Field(
        ["localhost", "127.0.0.1", "[::1]"], description="Host names web answers to, comma-separated."
    )
    ALLOWED_ORIGINS: Annotated[list[str], NoDecode] = Field(
        [], description="Origins of pages that may open sockets and call the API besides our own, comma-separated."
    )

    # --- engines
    LOG_ENGINE: str = Field("embedded", pattern="^(embedded|kafka)$", description="embedded | kafka")
    STORE_ENGINE: str = Field("sql", pattern="^(sql|cassandra)$", description="sql | cassandra")
    REDIS_URL: str = Field("", description="Redis; empty means the embedded one at VAR/redis.sock.")
    REDIS_PREFIX: str = Field("np:", description="Prefix of every Redis key.")
    LOG_RETENTION_HOURS: int = Field(168, description="How long the log keeps records (7 days).")
    TOPIC_PARTITIONS: dict[str, int] = Field(
        {}, description='Partition counts that differ from the table of topics, as JSON: {"notifications.raw": 64}.'
    )
    LOG_MAX_BYTES: int = Field(0, description="Bound of each embedded topic file in bytes; 0 means the disk's.")
    DATABASE_URL: str = Field(
        "", description="The control plane: mysql://user:password@host:3306/name; empty means SQLite at VAR."
    )
    DATABASE_TIMEOUT_S: int = Field(4, description="A statement that MySQL doesn't answer within this has failed.")

    # --- Kafka (LOG_ENGINE=kafka)
    KAFKA_BOOTSTRAP: str = Field("127.0.0.1:9092", description="Brokers to begin with: host:port, comma-separated.")
    KAFKA_PREFIX: str = Field(
        "", description="Put before every topic and group, where several platforms share a cluster."
    )
    KAFKA_REPLICATION: int = Field(1, description="Replicas of each topic: 3 on a cluster.")
    KAFKA_MIN_ISR: int = Field(1, description="Replicas that must have a record before it counts: 2 on a cluster.")
    KAFKA_TIMEOUT_S: float = Field(5.0, description="An append that isn't acknowledged within this is refused (503).")
    KAFKA_QUEUE_MAX: int = Field(100_000, description="Messages a process may have under way to the brokers.")
    KAFKA_OPTIONS: dict[str, str] = Field(
        {}, description='More of librdkafka\'s settings for every client, as JSON: {"security.protocol": "SSL"}.'
    )

    # --- Cassandra (STORE_ENGINE=cassandra)
    CASSANDRA_CONTACT_POINTS: Annotated[list[str], NoDecode] = Field(
        ["127.0.0.1"], description="Nodes to begin with, comma-separated."
    )
    CASSANDRA_PORT: int = Field(9042, description="Port of the native protocol.")
    CASSANDRA_KEYSPACE: str = Field("notifications", description="Keyspace of the notification store.")
    CASSANDRA_REPLICATION: int = Field(1, description="Replicas of each row: 3 on a cluster.")
    CASSANDRA_DATACENTER: str = Field("datacenter1", description="The local data center.")
    CASSANDRA_CONSISTENCY: str = Field(
        "LOCAL_QUORUM", pattern=r"^(ONE|LOCAL_ONE|LOCAL_QUORUM|QUORUM)$", description="Of reads and writes."
    )
    CASSANDRA_TIMEOUT_S: float = Field(4.0, description="A statement that isn't answered within this has failed.")
    CASSANDRA_USER: str = Field("", description="User name; empty: no authentication.")
    CASSANDRA_PASSWORD: str = Field("", description="Password of CASSANDRA_USER.")

    # --- the spool: what web took while the log was away (contract §9)
    NODE: str = Field("", description="This machine's name in spools and consumer groups; empty: the host's.")
    ACCEPT_WITHIN_S: float = Field(
        1.5, description="What the log hasn't acknowledged by then is spooled, or refused with 503 and Retry-After."
    )
    SPOOL_ALL: bool = Field(False, description="Spools every lane while the log is away, not the critical one alone.")
    SPOOL_MAX_BYTES: int = Field(256 * 1024**2, description="What a process's spool may hold; beyond it: 503.")

    # --- pipeline
    BATCH_MAX_RECORDS: int = Field(500, description="Records a batch may hold.")
    BATCH_MAX_BYTES: int = Field(512 * 1024, description="Bytes a batch may hold.")
    BATCH_DEADLINE_S: float = Field(10.0, description="No task starts a send later than this after its batch was sent.")
    BATCH_MARGIN_S: float = Field(1.0, description="The bridge sends a batch again this long after its deadline.")
    BRIDGE_POLL_MS: int = Field(
        15, description="How long a bridge rests when it finds nothing; after a second of nothing four times as long."
    )
    BRIDGE_DRAIN_S: float = Field(5.0, description="How long a stopping bridge waits for what is in flight.")
    BRIDGE_FLIGHTS: int = Field(3, description="Batches a bridge has under way for each topic.")
    GROUP_LEASE_S: float = Field(5.0, description="A bridge that doesn't renew for this long loses its partitions.")
    RETRY_TICK_S: float = Field(1.0, description="How often beat looks for what is due.")
    IN_DOUBT_RESEND: Annotated[list[str], NoDecode] = Field(
        ["critical", "high"], description="Priorities whose doubtful sends go out again; the others are parked."
    )

    SUM_UP_DELIVERIES: bool = Field(
        True, description="The tracker keeps the summary of past deliveries that segments ask."
    )

    # --- limits (contract §4); "count/seconds"
    LIMIT_IN_APP: CountInSeconds = Field("100/3600", description="In-app notifications a user: count/seconds.")
    LIMIT_PUSH: CountInSeconds = Field("20/3600", description="Pushes a user.")
    LIMIT_EMAIL: CountInSeconds = Field("10/3600", description="Transactional emails a user.")
    LIMIT_EMAIL_MARKETING: CountInSeconds = Field("2/86400", description="Marketing emails a user.")
    LIMIT_SMS: CountInSeconds = Field("5/3600", description="SMS a user.")
    LIMIT_SMS_TWO_FACTOR: CountInSeconds = Field("10/3600", description="SMS for 2FA a user.")
    SMS_COUNTRIES: Annotated[list[Country], NoDecode] = Field(
        [], description="ISO codes of the countries SMS go to where a type names none, comma-separated; empty: all."
    )
    SMS_PER_PREFIX: CountInSeconds = Field(
        "100/3600",
        description="SMS to one block of 10,000 numbers, on every lane, broadcasts apart: beyond it they are dropped "
        "and operators are told (SMS pumping). A count of 0 lifts it.",
    )
    SMS_PER_USER: CountInSeconds = Field(
        "30/3600", description="SMS to one user, on every lane, critical too (SMS pumping). A count of 0 lifts it."
    )
    PROFILE_CACHE_S: int = Field(3600, description="How long Redis keeps a user's addresses and preferences.")
    UNKNOWN_PROFILE_CACHE_S: int = Field(60, description="How long Redis remembers that nobody registered a user.")
    RATE_FCM: int = Field(800, description="Messages a second to FCM.")
    RATE_APNS: int = Field(4000, description="Messages a second to APNs.")
    RATE_SES: int = Field(150, description="Messages a second to SES.")
    RATE_TWILIO: int = Field(250, description="Messages a second to Twilio.")
    PROVIDERS: str = Field("sandbox", description="sandbox, or the path of a TOML file with the provider accounts.")
    SIMULATORS_URL: str = Field("", description="Control address of the simulators that the demo runs on; else empty.")
    BULK_SHARE: float = Field(0.8, description="The most that bulk takes from a provider's bucket.")
    BROADCAST_APPROVAL_ABOVE: int = Field(
        10_000, ge=0, description="A broadcast to more recipients than this needs a second person's approval."
    )
    BROADCAST_PULL_ABOVE: int = Field(
        1_000_000, ge=0, description="Above so many recipients a broadcast's in-app is one row, merged when it is read."
    )
    BROADCAST_BACKLOG_S: float = Field(
        10.0,
        gt=0,
        description="A broadcast waits while a bulk topic holds more seconds of its channel's rate than this.",
    )
    BROADCAST_OWN_RATE: int = Field(
        5_000, gt=0, description="Recipients a second that routing and the inbox take of a broadcast, for that rule."
    )
    BROADCAST_SMS_PRICE: float = Field(0.05, ge=0, description="What a segment of an SMS costs, for estimates.")
    BROADCAST_CURRENCY: str = Field("EUR", description="The currency of that price.")
    PROVIDER_TIMEOUT_S: float = Field(4.0, description="A provider's call ends after this; what it took is in doubt.")
    SANDBOX_LATENCY_MS: float = Field(10.0, description="What a sandbox provider takes to answer, in milliseconds.")
    SANDBOX_OUTBOX_ROWS: int = Field(50_000, description="Messages the sandbox's outbox keeps.")

    # --- what comes back (docs/receipts.md)
    TWILIO_AUTH_TOKENS: Annotated[list[str], NoDecode] = Field(
        [], description="Auth tokens that Twilio signs callbacks with, comma-separated: every account, old and new."
    )
    SNS_TOPICS: Annotated[list[str], NoDecode] = Field(
        [], description="ARNs of the SNS topics that SES' events come from, comma-separated; others are refused."
    )
    SNS_MAX_AGE_S: int = Field(3_900, description="An older message of SNS is a replay; SNS itself retries for 1 h.")
    SNS_HOSTS: Annotated[list[str], NoDecode] = Field(
        [], description="Hosts (host:port) that SNS' certificates come from; empty: sns.<region>.amazonaws.com."
    )
    SNS_CA_FILE: str = Field("", description="CA that SNS_HOSTS are trusted by; empty: the system's.")
    WEBHOOK_MAX_BYTES: int = Field(512 * 1024, description="Largest body of a provider's callback.")
    SOFT_BOUNCES: CountInSeconds = Field(
        "5/604800", description="Soft bounces an address may have: from count on within seconds it is suppressed."
    )
    PREFERENCES_LINK_DAYS: int = Field(30, description="How long the link to a hosted preferences page holds.")

    # --- templates
    TEMPLATE_DEFAULT_LOCALE: str = Field("en", description="The locale tried before a type's own default one.")
    TEMPLATE_BRAND: str = Field("Harbor", description="The name that mails are sent in: {{ content.brand }}.")
    TEMPLATE_HTML_MAX_BYTES: int = Field(256 * 1024, description="Largest HTML part a template may yield.")
    TEMPLATE_WORK_MAX: int = Field(
        200_000, description="Work units one rendering may take (a loop's step is one or more)."
    )
    TEMPLATE_PUBLISH_TICK_S: float = Field(5.0, description="How often scheduled words are looked for.")
    SMS_SEGMENT_PRICE: Annotated[str, Field(pattern=r"^\d+(\.\d+)? [A-Z]{3}$")] = Field(
        "0.075 USD", description="What a segment of an SMS costs, as previews and estimates reckon."
    )
    TEMPLATE_CACHE_MAX: int = Field(4096, description="Compiled texts a process keeps.")
    CATALOG_CHECK_S: float = Field(1.0, description="How often a process looks whether types or templates changed.")
    CATALOG_REDIS_AWAY_S: float = Field(5.0, description="As often instead while Redis can't be reached.")
    CATALOG_RELOAD_S: float = Field(30.0, description="Types are read anew from SQL at least this often.")

    # --- API
    REQUEST_MAX_BYTES: int = Field(64 * 1024, description="Largest body of a single request.")
    BATCH_REQUEST_MAX_BYTES: int = Field(16 * 1024 * 1024, description="Largest body of POST /notifications/batch.")
    USER_TOKEN_SECONDS: int = Field(900, description="Life of a user token.")
    IDEMPOTENCY_HOURS: int = Field(24, description="How long an Idempotency-Key is remembered.")

    WEB_THREADS: int = Field(24, description="Requests a web process works on at a time.")

    # --- gRPC (docs/grpc.md)
    GRPC_HOST: str = Field("127.0.0.1", description="Address gRPC is served on; 0.0.0.0 for all, best with TLS.")
    GRPC_THREADS: int = Field(8, description="Threads that accept for a gRPC process; each takes many calls at once.")
    GRPC_MESSAGE_MAX_BYTES: int = Field(4 * 1024**2, description="Largest message; a single event has a bound below.")
    GRPC_STOP_S: float = Field(4.0, description="How long calls under way may take to end when gRPC stops.")
    GRPC_TLS_CERTIFICATE: str = Field("", description="PEM file of gRPC's certificate chain; empty: no TLS.")
    GRPC_TLS_KEY: str = Field("", description="PEM file of its private key.")
    GRPC_TLS_CLIENTS: str = Field("", description="PEM file of the CA that clients' certificates need; empty: none.")
    GRPC_WATCHES_MAX: int = Field(1_000, description="Notifications a gRPC process watches at a time.")
    GRPC_WATCH_MAX_S: float = Field(900.0, description="How long a Watch lasts at most; the client calls again.")

    # --- gateway
    SOCKET_SOFT_LIMIT: int = Field(500_000, description="Sockets a gateway takes before it answers 503.")
    SOCKET_PING_S: float = Field(30.0, description="Ping interval.")
    SOCKET_DEAD_S: float = Field(90.0, description="A socket silent for this long is closed.")
    PRESENCE_S: float = Field(60.0, description="How long presence in Redis lives without a heartbeat.")
    INBOX_DAYS: int = Field(90, description="How long an inbox keeps a notification.")

    BENCH: bool = Field(
        False, description="Serves an empty view and an empty gRPC method, what accepting is measured beside."
    )

    # --- staff
    LOGIN_ATTEMPTS: int = Field(
        5, description="Failed logins of a name from an address before the admin refuses both for LOGIN_LOCK_MINUTES."
    )
    LOGIN_LOCK_MINUTES: int = Field(15, description="How long it refuses them.")
    TOTP_REQUIRED_ROLES: Annotated[list[str], NoDecode] = Field(
        [],
        description="Roles that need the second step (a code from an authenticator app) to log in, comma-separated: "
        "operator,admin. For the others it is their choice.",
    )

    # --- operators
    LOG_LEVEL: str = Field("INFO", description="Level of the JSON logs.")
    PROCESS: str = Field("", description="This process's name in logs, metrics and status; empty: by its command line.")
    METRICS_PORT: int = Field(
        0,
        description="Loopback port for /metrics and /health of a bridge, a worker or beat; 0: none.",
    )
    METRICS_HOST: str = Field(
        "127.0.0.1", description="Address METRICS_PORT is bound to; 0.0.0.0 only where none but Prometheus gets there."
    )
    QUARANTINE_MAX_PER_MINUTE: int = Field(
        60,
        description="Records of a topic that may be quarantined a minute; beyond it the topic rests. 0: no bound.",
    )
    ALERT_WEBHOOK: str = Field("", description="Where operators' alerts are posted; empty: log and admin only.")
    WORKER_THREADS: int = Field(4, description="Threads of each Celery worker.")

    @field_validator(
        *("ALLOWED_HOSTS", "ALLOWED_ORIGINS", "IN_DOUBT_RESEND", "CASSANDRA_CONTACT_POINTS"),
        *("TWILIO_AUTH_TOKENS", "SNS_TOPICS", "SNS_HOSTS", "SMS_COUNTRIES", "TOTP_REQUIRED_ROLES"),
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.VAR = self.VAR.resolve()
        self.GATEWAY_PORT = self.GATEWAY_PORT or self.PORT + 1
        self.GRPC_PORT = self.GRPC_PORT or self.PORT + 2
        self.PUBLIC_URL = self.PUBLIC_URL or f"http://localhost:{self.PORT}"
        self.GATEWAY_URL = self.GATEWAY_URL or f"ws://localhost:{self.GATEWAY_PORT}"
        own = (self.PUBLIC_URL, f"http://127.0.0.1:{self.PORT}")
        self.ALLOWED_ORIGINS = list(dict.fromkeys([*own, *self.ALLOWED_ORIGINS]))
        self.NODE = self.NODE or socket.gethostname()
        self.PROCESS = self.PROCESS or name_of(sys.argv)
        self.REDIS_URL = self.REDIS_URL or f"unix://{self.VAR}/redis.sock"
