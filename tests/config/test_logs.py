"""A log line: JSON, says which process it is, and holds nobody's address."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from config.logs import redact
from foundation.tracing import SHOWN
from tests.running import ROOT

SAYS = """
import django, logging, structlog; django.setup()
from foundation.tracing import working_on
log = structlog.get_logger("delivery.test")
with working_on(lambda: (("notif_%032x" % n, "") for n in range(1, 100))):
    log.error("it broke", to=["ann@example.com", {"phone": "+4915112345678"}], token="ab" * 32)
log.debug("nobody hears")
logging.getLogger("django.request").error("Service Unavailable: /", extra={"status_code": 503})
try:
    raise ValueError("no mailbox ann@example.com")
except ValueError:
    logging.getLogger("some.library").exception("a library says: %s", "ann@example.com")
from foundation.process import last_error
print(last_error.text)
"""


def test_a_line_names_process_notifications_and_traces_but_no_address(tmp_path):
    environment = os.environ | {
        "VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PROCESS": "router-7",
    }
    done = subprocess.run(
        [sys.executable, "-c", SAYS], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    ours, librarys = (json.loads(line) for line in done.stderr.splitlines())
    assert (ours["service"], ours["level"], ours["logger"]) == ("router-7", "error", "delivery.test")
    assert ours["pid"] > 0
    assert ours["notifications"] == [f"notif_{number:032x}" for number in range(1, SHOWN + 1)]
    assert ours["traces"] == [f"{number:032x}" for number in range(1, SHOWN + 1)]
    assert (ours["to"], ours["token"]) == (["…", {"phone": "…"}], "…")
    assert librarys["service"] == "router-7"
    assert "ValueError: no mailbox …" in librarys["exception"]
    assert "@" not in done.stderr
    assert done.stdout == "a library says: … ValueError: no mailbox …\n"


def test_fcm_tokens_go_too_and_ids_stay():
    line = {"why": "token fcm:" + "aB-_" * 40 + " is gone", "batch": "0199" * 8, "count": 3}
    assert redact(None, "", line) == {"why": "token … is gone", "batch": "0199" * 8, "count": 3}
