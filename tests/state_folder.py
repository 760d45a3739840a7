"""Each pytest process works in a state folder of its own (short: a unix socket's path is).

A plugin (`-p` in pyproject.toml) rather than part of conftest: pytest-django reads the settings before any conftest.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

VAR = Path(tempfile.mkdtemp(prefix="np-"))
os.environ["VAR"] = str(VAR)
atexit.register(shutil.rmtree, VAR, True)
