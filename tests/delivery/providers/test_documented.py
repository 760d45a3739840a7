"""docs/providers.md names every provider and every option, and its accounts' file is one that works."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import pytest

from delivery.providers.accounts import Account, read
from delivery.providers.kept import ADAPTERS

PAGE = (Path(__file__).parents[3] / "docs" / "providers.md").read_text()
THERE = [name for name in ADAPTERS if find_spec(f"delivery.providers.{name}")]


def options_of(provider: str) -> type[msgspec.Struct]:
    found: type[msgspec.Struct] = import_module(f"delivery.providers.{provider}.options").Options
    return found


def section(provider: str) -> str:
    return PAGE.split(f"\n### {provider}\n")[1].split("\n#")[0]


def table(provider: str) -> dict[str, str]:
    """Option → the default beside it."""
    rows = [row.split("|")[1:3] for row in section(provider).splitlines() if row.startswith("| `")]
    found: dict[str, str] = {}
    for names, defaults in rows:
        options = re.findall(r"`(\w+)`", names)
        split = [each.strip() for each in defaults.split(",")]
        found |= dict(
            zip(options, split if len(split) == len(options) > 1 else [defaults.strip()] * len(options), strict=True)
        )
    return found


@pytest.fixture
def sample(tmp_path: Path) -> tuple[Account, ...]:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    file = tmp_path / "accounts.toml"
    file.write_text(found[1])
    return read(file)


def test_the_sample_has_an_account_of_every_provider(sample):
    assert {account.provider for account in sample} == set(ADAPTERS)


@pytest.mark.parametrize("provider", THERE)
def test_the_samples_options_are_right(provider, sample):
    for account in sample:
        if account.provider == provider:
            msgspec.convert(account.options, options_of(provider))


@pytest.mark.parametrize("provider", THERE)
def test_every_option_is_named_and_nothing_else(provider):
    fields = set(options_of(provider).__struct_fields__)
    named = set(table(provider)) | set(re.findall(r"`(\w+_(?:file|env))`", section(provider)))
    secrets = {name.removesuffix("_file") for name in fields if name.endswith("_file")} - fields - {"ca"}
    assert fields <= named
    assert set(table(provider)) <= fields | secrets


@pytest.mark.parametrize("provider", THERE)
def test_figures_are_the_code_s(provider):
    shown = table(provider)
    for field in msgspec.structs.fields(options_of(provider)):
        default: Any = field.default
        if isinstance(default, int | float) and not isinstance(default, bool) and field.name in shown:
            assert f"`{default}`" in shown[field.name], field.name


def test_every_provider_is_in_the_table():
    for name in ADAPTERS:
        assert f"\n| `{name}` |" in PAGE
