"""Where the command line finds its token: the environment, a profile, or the demo's own file.

A file that others may read is refused: a token in it is everybody's.
"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

import msgspec

from notification_platform.errors import NotConfigured
from notification_platform.settings import API_VARIABLE, DEFAULT_API, TOKEN_VARIABLE

PROFILES_VARIABLE, PROFILE_VARIABLE = "NOTIFY_PROFILES", "NOTIFY_PROFILE"
DEFAULT_PROFILE = "default"
SERVICE, ADMIN = "SERVICE_TOKEN", "ADMIN_TOKEN"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """An API, a token, and where they are from."""

    api: str
    token: str
    source: str


def find(*, demo: bool, profile: str | None, demo_token: str) -> Credentials:
    """`--demo` first, then a profile that is named, then the environment, then the default profile.

    Raises NotConfigured with what to do.
    """
    if demo:
        return of_demo(demo_token)
    named = profile or os.environ.get(PROFILE_VARIABLE)
    if named:
        return of_profile(named)
    if token := os.environ.get(TOKEN_VARIABLE):
        return Credentials(api=os.environ.get(API_VARIABLE) or DEFAULT_API, token=token, source=TOKEN_VARIABLE)
    if profiles_file().exists():
        return of_profile(DEFAULT_PROFILE)
    raise NotConfigured(
        f"There is no token. Set {TOKEN_VARIABLE} (and {API_VARIABLE}), write a profile with `notify login`, "
        "or try the demo with --demo."
    )


def of_demo(name: str) -> Credentials:
    """The running demo's: `$VAR/demo.env`, as `make demo` writes it."""
    path = Path(os.environ.get("VAR") or "var") / "demo.env"
    text = _private_text(path, "Is the demo running? `make demo` writes it; VAR names another folder.")
    words = shlex.split(text, comments=True)
    known = dict(word.split("=", 1) for word in words if "=" in word)
    if missing := {"API", name} - known.keys():
        raise NotConfigured(f"{path} has no {', '.join(sorted(missing))}.")
    return Credentials(api=known["API"], token=known[name], source=str(path))


def of_profile(name: str) -> Credentials:
    """A profile of the file. Raises NotConfigured."""
    path = profiles_file()
    profiles = _profiles(path)
    its = profiles.get(name)
    if not isinstance(its, dict) or not isinstance(its.get("token"), str):
        known = f"It has {', '.join(profiles)}." if profiles else "It is empty."
        remedy = f"`notify login --profile {name}` adds it."
        raise NotConfigured(f"{path} has no profile {name!r} with a token. {known} {remedy}")
    return Credentials(api=str(its.get("api") or DEFAULT_API), token=its["token"], source=f"profile {name}")


def save(name: str, *, api: str, token: str) -> Path:
    """Writes a profile and leaves the others; the file is its owner's alone from its first byte on."""
    path = profiles_file()
    profiles = _profiles(path) if path.exists() else {}
    profiles[name] = {"api": api, "token": token}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(profiles), indent=2))
    draft.replace(path)
    return path


def profiles_file() -> Path:
    """Where profiles are: `$NOTIFY_PROFILES`, else below XDG_CONFIG_HOME."""
    if given := os.environ.get(PROFILES_VARIABLE):
        return Path(given)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "notify" / "profiles.json"


def _profiles(path: Path) -> dict[str, object]:
    try:
        return msgspec.json.decode(_private_text(path, "`notify login` writes it."), type=dict[str, object])
    except msgspec.DecodeError as error:
        raise NotConfigured(f"{path} isn't an object of profiles in JSON: {error}.") from error


def _private_text(path: Path, remedy: str) -> str:
    """A file's text, refused where others may read it. Asked of the open file, so that it can't be changed between."""
    try:
        with path.open() as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & _OTHERS:
                raise NotConfigured(f"{path} may be read by others (mode {mode & 0o777:04o}): chmod 600 {path}")
            return file.read()
    except FileNotFoundError:
        raise NotConfigured(f"There is no {path}. {remedy}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise NotConfigured(f"{path} can't be read: {error}.") from error
