"""The image's entry point: reads the variables in $STACK_ENV (of the service `secrets`), becomes the command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from stack import environment


def main(words: list[str]) -> None:
    """What is in the environment already wins: a deployment may name its own servers."""
    file = os.environ.get("STACK_ENV")
    values = environment.read(Path(file)) if file and Path(file).exists() else {}
    os.execvpe(words[0], words, {**values, **os.environ})  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:] or ["python", "manage.py", "help"])
