"""Which app lives in which database (settings.DATABASE_OF_APP), and how the control plane's server is spoken to."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings

CONNECT_WITHIN_S = 2
LOCK_WAIT_S = 3
IDLE_IN_TRANSACTION_S = 10
IDLE_S = 60

# `/*M!…*/` is MariaDB's, `/*!80000…*/` is MySQL's from 8.0 on. Who is stopped in the middle of a transaction is put out
# by the server: MariaDB knows idle transactions, MySQL only idle connections (those in use are looked at after a rest).
SESSION = (
    "SET SESSION sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    f"NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout={LOCK_WAIT_S}, lock_wait_timeout={LOCK_WAIT_S}"
    f" /*M!100300 , idle_transaction_timeout={IDLE_IN_TRANSACTION_S} */ /*!80000 , wait_timeout={IDLE_S} */"
)


class AppRouter:
    """A Django database router by app label; an app that isn't named is in the control plane."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return settings.DATABASE_OF_APP.get(model._meta.app_label, "default")

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return self.db_for_read(one) == self.db_for_read(other)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return settings.DATABASE_OF_APP.get(app_label, "default") == db


def control_plane(url: str, *, answer_within_s: int) -> dict[str, Any]:
    """Django's settings of the control plane at `url` (mysql://user:password@host:3306/name?option=value).

    `answer_within_s` bounds every read and write on its sockets (0: no bound), so that a server that was cut off
    holds nothing up for longer than a batch's deadline (docs/decisions/0013).
    """
    import dj_database_url  # in requirements/production.txt

    found = dict(dj_database_url.parse(url, engine="foundation.mysql", conn_max_age=None, conn_health_checks=True))
    found["OPTIONS"] = {
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        "init_command": SESSION,
        "connect_timeout": CONNECT_WITHIN_S,
        "read_timeout": answer_within_s,
        "write_timeout": answer_within_s,
        **cast("dict[str, Any]", found.get("OPTIONS", {})),
    }
    return found
