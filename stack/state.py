"""How a stack is, in a table."""

from __future__ import annotations

from stack.servers import Stack

HEAD = ("server", "pid", "port", "state", "log")


def table(stack: Stack) -> tuple[list[str], bool]:
    """(lines, whether every server is up and answers). Raises StackError when there is no stack."""
    rows = [HEAD, *(_row(stack, name) for name in stack.names())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    return lines, all(row[3].startswith("up") for row in rows[1:])


def _row(stack: Stack, name: str) -> tuple[str, ...]:
    info = stack.supervisor.infos().get(name, {}) if stack.running() else {}
    pid = int(info.get("pid") or 0)
    state = "down"
    if pid:
        state = "up" if stack.ready(name) else "starting"
        times = stack.supervisor.restarts(name)
        state += f", restarted {times}×" if times else ""
    return name, str(pid or "-"), str(stack.port(name)), state, str(stack.log(name))
