"""What goes wrong here, said in one line with its remedy."""

from __future__ import annotations


class StackError(Exception):
    """The stack can't do what it was asked; the message is one line that says what to do about it."""


class Died(StackError):
    """A server ended while it was waited for; the message holds its log's last lines."""


class NotRunning(StackError):
    """The server, or the whole stack, doesn't run just now."""
