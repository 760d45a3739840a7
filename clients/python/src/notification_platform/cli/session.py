"""What every command has: its options (`--json`, `--demo`, `--profile`), a client, and one way out for errors."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from types import TracebackType
from typing import Annotated, Any, Concatenate, ParamSpec, Self

import msgspec
import typer
from rich.console import Console

from notification_platform.answers import Answer
from notification_platform.cli import codes, credentials
from notification_platform.cli.credentials import Credentials
from notification_platform.client import Client
from notification_platform.errors import PlatformError, Refused
from notification_platform.retrying import Retries

P = ParamSpec("P")
RETRIES = Retries(attempts=4, within_s=15.0)  # somebody is looking

_COMMON = {
    "as_json": (bool, typer.Option("--json", help="Print JSON: one object, or one a line as they come.")),
    "demo": (bool, typer.Option("--demo", help="Use the running demo's tokens ($VAR/demo.env).")),
    "profile": (str, typer.Option("--profile", help="A profile written by `notify login`.", envvar="NOTIFY_PROFILE")),
}


class Session(AbstractContextManager["Session"]):
    """One command's run. `admin`: it needs a token that may operate or broadcast."""

    def __init__(self, *, as_json: bool, demo: bool, profile: str | None, admin: bool) -> None:
        self.as_json = as_json
        self._demo, self._profile, self._admin = demo, profile, admin
        self._client: Client | None = None
        self.out = Console(highlight=False, soft_wrap=True)

    @property
    def credentials(self) -> Credentials:
        """What is authenticated with. Raises NotConfigured."""
        demo_token = credentials.ADMIN if self._admin else credentials.SERVICE
        return credentials.find(demo=self._demo, profile=self._profile, demo_token=demo_token)

    @property
    def client(self) -> Client:
        """The client, made when it is first needed."""
        if self._client is None:
            its = self.credentials
            self._client = Client(its.api, its.token, retries=RETRIES)
        return self._client

    def json(self, value: Any) -> None:
        """One line of JSON."""
        print(msgspec.json.encode(value.plain() if isinstance(value, Answer) else value).decode(), flush=True)

    def show(self, value: Any, human: Callable[[], Any]) -> None:
        """`value` as JSON where that was asked for, else what `human` gives to print."""
        if self.as_json:
            self.json(value)
        else:
            self.out.print(human())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()
        if isinstance(error, KeyboardInterrupt):
            raise typer.Exit(codes.INTERRUPTED) from None
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(codes.OK) from None
        if isinstance(error, PlatformError):
            self._tell(error)
            raise typer.Exit(codes.code_of(error)) from None

    def _tell(self, error: PlatformError) -> None:
        if self.as_json:
            names = ("code", "status", "field", "detail", "remedy", "retry_after")
            told = {name: value for name in names if (value := getattr(error, name, None)) is not None}
            print(msgspec.json.encode({"error": {"detail": str(error), **told}}).decode(), file=sys.stderr)
            return
        err = Console(stderr=True, highlight=False, soft_wrap=True)
        said = error.detail if isinstance(error, Refused) else str(error)
        err.print("notify:", style="bold red", end=" ")
        err.print(said, markup=False)
        if isinstance(error, Refused) and error.field:
            err.print(f"  field   {error.field}", markup=False)
        if isinstance(error, Refused) and error.remedy:
            err.print(f"  remedy  {error.remedy}", markup=False, style="yellow")


def command(
    app: typer.Typer, name: str, *, admin: bool = False, examples: str
) -> Callable[[Callable[Concatenate[Session, P], int | None]], Callable[..., None]]:
    """Adds a command to `app`: its own parameters, then the common ones. What it returns is the exit code."""

    def add(work: Callable[Concatenate[Session, P], int | None]) -> Callable[..., None]:
        @wraps(work)
        def run(*, as_json: bool, demo: bool, profile: str | None, **given: Any) -> None:
            with Session(as_json=as_json, demo=demo, profile=profile, admin=admin) as session:
                code: int | None = work(session, **given)  # type: ignore[call-arg]
            if code:
                raise typer.Exit(code)

        run.__signature__ = _with_common(work)  # type: ignore[attr-defined]
        help = f"{inspect.cleandoc(work.__doc__ or '')}\n\nFor example:\n\n\b\n{inspect.cleandoc(examples)}"
        app.command(name, help=help)(run)
        return run

    return add


def _with_common(work: Callable[..., Any]) -> inspect.Signature:
    _, *own = inspect.signature(work, eval_str=True).parameters.values()
    own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    common = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if kind is bool else None,
            annotation=Annotated[kind if kind is bool else kind | None, option],
        )
        for name, (kind, option) in _COMMON.items()
    ]
    return inspect.Signature([*own, *common])
