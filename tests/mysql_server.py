"""A MariaDB of a test's own: in memory, on a free port, to be killed and stopped as it likes."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from stack.mariadb import PATH, TUNING, find
from tests.state_folder import MEMORY

USER, PASSWORD = "np", "np"
READY_WITHIN_S = 60


class MySqlServer:
    """Data and port stay the same over any number of starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self._make_data()

    def url(self, name: str) -> str:
        """DATABASE_URL of a database that `create` made."""
        return f"mysql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def start(self) -> MySqlServer:
        """Returns when it takes statements."""
        options = {**TUNING, "innodb_buffer_pool_size": "32M", "innodb_flush_log_at_trx_commit": "1"}
        self.process = subprocess.Popen(
            [
                find("mariadbd", "mysqld"),
                "--no-defaults",
                f"--datadir={self.folder}/data",
                f"--socket={self.folder}/my.sock",
                f"--pid-file={self.folder}/my.pid",
                f"--log-error={self.folder}/my.log",
                f"--init-file={self.folder}/init.sql",
                f"--user={getpass.getuser()}",
                f"--port={self.port}",
                "--bind-address=127.0.0.1",
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError((self.folder / "my.log").read_text(errors="replace")[-2_000:])
            time.sleep(0.05)
        return self

    def create(self, name: str) -> str:
        """An empty database; its DATABASE_URL."""
        self._run(f"DROP DATABASE IF EXISTS `{name}`", f"CREATE DATABASE `{name}`")
        return self.url(name)

    def kill(self) -> None:
        """`kill -9`."""
        self._signal(signal.SIGKILL)
        assert self.process
        self.process.wait(10)

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        assert self.process
        self._signal(signal.SIGSTOP)
        process = psutil.Process(self.process.pid)
        while process.status() != psutil.STATUS_STOPPED:  # a thread on the other core may answer until then
            time.sleep(0.005)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.go_on()
            self.kill()

    def _signal(self, number: int) -> None:
        assert self.process
        os.kill(self.process.pid, number)

    def _make_data(self) -> None:
        subprocess.run(
            [
                find("mariadb-install-db", "mysql_install_db"),
                *("--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"),
                f"--datadir={self.folder}/data",
                f"--user={getpass.getuser()}",
            ],
            check=True,
            capture_output=True,
        )
        grant = f"CREATE OR REPLACE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO '{USER}'@'%';\n"
        (self.folder / "init.sql").write_text(grant)

    def _answers(self) -> bool:
        from MySQLdb import OperationalError

        try:
            self._run("SELECT 1")
        except OperationalError:
            return False
        return True

    def _run(self, *statements: str) -> None:
        import MySQLdb

        connection = MySQLdb.connect(host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, connect_timeout=5)
        with closing(connection), closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)


@pytest.fixture(scope="module")
def mysql_server() -> Iterator[MySqlServer]:
    """A running server for a module's tests; skips where MariaDB isn't installed, fails there in CI."""
    if not shutil.which("mariadbd", path=PATH) or not _has_client():
        missing = (
            "no MariaDB here: apt install mariadb-server libmariadb-dev, pip install -r requirements/production.txt"
        )
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="np-my-", dir=MEMORY if MEMORY.is_dir() else None))
    server = MySqlServer(folder)
    try:
        yield server.start()
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


def _has_client() -> bool:
    try:
        import MySQLdb  # noqa: F401
    except ImportError:
        return False
    return True
