"""MariaDB: its settings (one table for `make stack` and compose.yaml), its program, its first making."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stack.files import last_lines
from stack.layout import Layout
from stack.passwords import Passwords
from stack.problems import StackError

NAME, USER, DATABASE = "mariadb", "notifications", "notifications"
# Distributions put the server itself where only root looks.
PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))

TUNING: Mapping[str, str] = {
    "character-set-server": "utf8mb4",
    # Ids and names that differ in case differ, as in the embedded default.
    "collation-server": "utf8mb4_bin",
    "sql_mode": "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
    # Claims of the due-time table lock the rows they find, not the gaps between them.
    "transaction-isolation": "READ-COMMITTED",
    "innodb_lock_wait_timeout": "5",
    "innodb_buffer_pool_size": "128M",
    "innodb_flush_log_at_trx_commit": "1",
    "max_connections": "400",
    "max_allowed_packet": "64M",
    "skip-name-resolve": "1",
}


def files(layout: Layout, passwords: Passwords) -> dict[Path, str]:
    """What has to lie in its folder before it starts."""
    home = layout.home(NAME)
    values = {
        **({"user": "root"} if os.geteuid() == 0 else {}),
        "datadir": str(home / "data"),
        "socket": str(layout.folder / "mariadb.sock"),
        "pid-file": str(home / "mariadb.pid"),
        "tmpdir": str(home / "scratch"),
        "init_file": str(home / "init.sql"),
        "bind-address": layout.address(NAME),
        "port": str(layout.port(NAME)),
        **TUNING,
    }
    body = "".join(f"{name}={value}\n" for name, value in values.items())
    return {home / "my.cnf": f"[mysqld]\n{body}", home / "init.sql": initial_sql(passwords)}


def initial_sql(passwords: Passwords) -> str:
    """Read at each start: the database and its user, who may make databases for tests beside it and no others."""
    account = f"'{USER}'@'%'"
    return (
        f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n"
        f"CREATE OR REPLACE USER {account} IDENTIFIED BY '{passwords.mariadb}';\n"
        f"GRANT ALL PRIVILEGES ON `{DATABASE}%`.* TO {account};\n"
        f"GRANT ALL PRIVILEGES ON `test\\_%`.* TO {account};\n"
    )


def command(layout: Layout) -> list[str]:
    return [find("mariadbd", "mysqld"), f"--defaults-file={layout.home(NAME)}/my.cnf"]


def make_data(layout: Layout) -> None:
    """Makes the system tables, once; an attempt that was cut short is made anew. Raises StackError."""
    home = layout.home(NAME)
    scratch = home / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    if (home / "made").exists():
        return
    shutil.rmtree(home / "data", ignore_errors=True)
    user = getpass.getuser()
    options = [
        *("--no-defaults", "--skip-test-db", f"--datadir={home}/data", f"--tmpdir={scratch}", f"--user={user}"),
        *("--auth-root-authentication-method=socket", f"--auth-root-socket-user={user}"),
    ]
    log = layout.log(NAME)
    with log.open("ab") as output:
        install = [find("mariadb-install-db", "mysql_install_db"), *options]
        done = subprocess.run(install, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise StackError(f"mariadb-install-db failed; {log} ends with:\n{last_lines(log)}")
    (home / "made").touch()


def url(passwords: Passwords, host: str, port: int) -> str:
    return f"mysql://{USER}:{passwords.mariadb}@{host}:{port}/{DATABASE}"


def find(*names: str) -> str:
    """The path of the first of these programs that is installed; the first name when none is."""
    return next((path for name in names if (path := shutil.which(name, path=PATH))), names[0])
