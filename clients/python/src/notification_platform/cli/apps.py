"""The command line's root, which the commands add themselves to."""

from __future__ import annotations

import typer

from notification_platform.cli import codes

_CODES = "\n".join(f"{code:>4}  {meaning}" for code, meaning in codes.MEANING.items())
HELP = f"""Sends notifications and follows what becomes of them.

Credentials: --demo, --profile NAME, NOTIFY_TOKEN (with NOTIFY_API), or the profile `default`.

\b
  notify send order_shipped --user usr_42 --data tracking_number=TR1
  notify watch notif_…
  notify --install-completion

\b
Exit codes:
{_CODES}
"""

app = typer.Typer(name="notify", help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
broadcasts = typer.Typer(help="Looks after broadcasts that run.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(broadcasts, name="broadcasts")
