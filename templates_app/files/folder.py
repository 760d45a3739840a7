"""What a folder of templates holds, as plain values. No database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from templates_app.files.front_matter import BadFile, Parsed, mapping, parse
from templates_app.models.texts import CHANNELS, is_locale
from templates_app.sharing import LAYOUT, PARTIAL
from templates_app.variables.kinds import KINDS, PATH, Declared, is_path, refuse_example
from templates_app.words import Words

TYPE_FILE, SHARED = "type.yaml", "_shared"
RULES = (
    *("category", "description", "priority", "channels", "default_locale", "mandatory", "marketing", "two_factor"),
    *("fallback", "dedupe_window_s", "expires_after_s", "sms_countries"),
)
TEXT_FIELDS = ("title", "text", "action_url", "image", "layout", "data")


class Trouble(msgspec.Struct, frozen=True):
    """What is wrong with a file, where."""

    path: Path
    line: int
    reason: str


class TextFile(msgspec.Struct, frozen=True):
    """The words of one file, and where each field's first line stands."""

    path: Path
    words: Words
    lines: dict[str, int]


class TypeFolder(msgspec.Struct, frozen=True):
    """A type with everything of it."""

    name: str
    path: Path
    rules: dict[str, Any]
    variables: list[Declared]
    texts: list[TextFile]


class Folder(msgspec.Struct, frozen=True):
    """`shared`: (kind, name) → source."""

    types: list[TypeFolder]
    shared: dict[tuple[str, str], str]
    troubles: list[Trouble]


def read(root: Path) -> Folder:
    """Everything below `root`; what can't be read is a trouble, and hides nothing else."""
    troubles: list[Trouble] = []
    shared = dict(_shared(root / SHARED, troubles))
    folders = sorted(each for each in root.iterdir() if each.is_dir() and each.name[0] not in "._")
    return Folder([_type(each, troubles) for each in folders], shared, troubles)


def _shared(folder: Path, troubles: list[Trouble]) -> Iterator[tuple[tuple[str, str], str]]:
    for path in sorted(folder.glob("*.html")) if folder.is_dir() else []:
        kind, _, name = path.stem.partition(".")
        if kind in (LAYOUT, PARTIAL) and name:
            yield (kind, name), path.read_text(encoding="utf-8")
        else:
            troubles.append(Trouble(path, 1, "name it layout.NAME.html or partial.NAME.html"))


def _type(folder: Path, troubles: list[Trouble]) -> TypeFolder:
    rules: dict[str, Any] = {}
    variables: list[Declared] = []
    path = folder / TYPE_FILE
    try:
        if not path.is_file():
            raise BadFile(f"there is no {TYPE_FILE}")
        values, lines = mapping(path.read_text(encoding="utf-8"))
        rules, variables = _rules(values, lines), _variables(values, lines)
    except BadFile as error:
        troubles.append(Trouble(path, error.line, error.reason))
    texts = [found for each in sorted(folder.iterdir()) if each.name != TYPE_FILE and (found := _text(each, troubles))]
    return TypeFolder(folder.name, folder, rules, variables, texts)


def _rules(values: dict[str, Any], lines: dict[str, int]) -> dict[str, Any]:
    for name in values:
        if name not in (*RULES, "variables"):
            raise BadFile(f"{name} is no rule of a type; there are {', '.join(RULES)}, variables", lines.get(name, 1))
    if "category" not in values or "channels" not in values:
        raise BadFile("a type needs a category and channels")
    return {name: value for name, value in values.items() if name != "variables"}


def _variables(values: dict[str, Any], lines: dict[str, int]) -> list[Declared]:
    rows = values.get("variables") or []
    if not isinstance(rows, list):
        raise BadFile("variables is a list", lines.get("variables", 1))
    return [_variable(row, lines.get(f"variables[{number}]", 1)) for number, row in enumerate(rows)]


def _variable(row: Any, at: int) -> Declared:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise BadFile("a variable is written as {name: order_id, kind: text, required: true, example: ord_1}", at)
    name, kind, example = row["name"], row.get("kind", "text"), row.get("example")
    if unknown := set(row) - {"name", "kind", "required", "example", "description"}:
        raise BadFile(f"{name}: {sorted(unknown)[0]} isn't known of a variable", at)
    if kind not in KINDS or not is_path(name):
        raise BadFile(f"{name}: {PATH.message}; kinds are {', '.join(KINDS)}", at)
    try:
        if example is not None:
            refuse_example(example, kind)
    except ValueError as error:
        raise BadFile(f"{name}: {error}", at) from None
    return Declared(name, kind, bool(row.get("required", True)), example, str(row.get("description", "")))


def _text(path: Path, troubles: list[Trouble]) -> TextFile | None:
    channel, _, locale = path.stem.partition(".")
    try:
        if channel not in dict(CHANNELS) or not is_locale(locale):
            raise BadFile("name it CHANNEL.LOCALE.txt, or email.LOCALE.html: push.en.txt, email.de-AT.html")
        return _words(path, channel, locale, parse(path.read_text(encoding="utf-8")))
    except BadFile as error:
        troubles.append(Trouble(path, error.line, error.reason))
    except UnicodeDecodeError:
        troubles.append(Trouble(path, 1, "it isn't UTF-8"))
    return None


def _words(path: Path, channel: str, locale: str, parsed: Parsed) -> TextFile:
    values, lines = parsed.values, parsed.lines
    for name, value in values.items():
        if name not in TEXT_FIELDS or (name in ("text", "layout") and channel != "email"):
            raise BadFile(f"{name} isn't known here; there are {', '.join(TEXT_FIELDS)}", lines.get(name, 1))
        if not isinstance(value, dict if name == "data" else str):
            raise BadFile(f"{name} has to be {'a mapping' if name == 'data' else 'a text'}", lines.get(name, 1))
    is_mail = channel == "email"
    body = values.get("text", "") if is_mail else parsed.body
    words = Words(
        channel,
        locale,
        title=values.get("title", ""),
        body=body.rstrip("\n"),
        html=parsed.body.rstrip("\n") if is_mail else "",
        action_url=values.get("action_url", ""),
        image=values.get("image", ""),
        data_template=values.get("data", {}),
        layout=values.get("layout", ""),
    )
    named = {"text": "body", "data": "data_template"}
    where = {named.get(name, name): line for name, line in lines.items()}
    return TextFile(path, words, where | {"html" if is_mail else "body": parsed.body_line})
