"""Writes types, variables, published words and what they share as files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from templates_app.files.folder import RULES, SHARED, TYPE_FILE
from templates_app.files.front_matter import document, written
from templates_app.models import NotificationType, SharedHtml
from templates_app.publish import published
from templates_app.variables.kinds import Declared
from templates_app.variables.rows import declared
from templates_app.words import Words


def pull(root: Path, kinds: Iterable[NotificationType]) -> list[Path]:
    """Writes what differs; a text that isn't published any more loses its file. Gives what was touched."""
    touched: list[Path] = []
    for kind in kinds:
        touched += _pull_type(root / kind.name, kind)
    for row in SharedHtml.objects.all():
        touched += _write(root / SHARED / f"{row.kind}.{row.name}.html", row.source)
    return touched


def _pull_type(folder: Path, kind: NotificationType) -> list[Path]:
    files = {folder / TYPE_FILE: document(_type_values(kind))}
    files |= {folder / file_name(words): text_file(words) for words in published(kind)}
    touched = [path for path, text in files.items() for path in _write(path, text)]
    for path in folder.iterdir():
        if path not in files and path.is_file():
            path.unlink()
            touched.append(path)
    return touched


def _type_values(kind: NotificationType) -> dict[str, Any]:
    rules = {name: getattr(kind, name) for name in RULES}
    fields = {field.name: field for field in NotificationType._meta.concrete_fields}
    always = ("category", "priority", "channels", "default_locale")
    values = {name: value for name, value in rules.items() if name in always or value != fields[name].get_default()}
    variables = [_variable(each) for each in declared(kind.variables.all())]
    return values | ({"variables": variables} if variables else {})


def _variable(its: Declared) -> dict[str, Any]:
    row: dict[str, Any] = {"name": its.path, "kind": its.kind}
    if not its.required:
        row["required"] = False
    if its.example is not None:
        row["example"] = its.example
    return row | ({"description": its.description} if its.description else {})


def file_name(words: Words) -> str:
    """push.en.txt, email.de.html."""
    return f"{words.channel}.{words.locale}.{'html' if words.channel == 'email' else 'txt'}"


def text_file(words: Words) -> str:
    """The file of a text."""
    is_mail = words.channel == "email"
    values = {
        "title": words.title,
        "text": words.body if is_mail else "",
        "layout": words.layout,
        "action_url": words.action_url,
        "image": words.image,
        "data": words.data_template,
    }
    body = words.html if is_mail else words.body
    return written({name: value for name, value in values.items() if value}, body.rstrip("\n") + "\n")


def _write(path: Path, text: str) -> list[Path]:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return [path]
