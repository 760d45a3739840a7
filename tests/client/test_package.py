"""The package as others get it: built, installed into an empty environment, one sent to a real server; its page."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from notification_platform.cli import codes

from tests.notifications.accepting import written
from tests.running import ROOT

CLIENT = ROOT / "clients" / "python"
SEND = "from notification_platform import Client; print(Client().send('order_shipped', user='usr_42').notification_id)"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CLIENT)]
    subprocess.run(command, check=True, capture_output=True)
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def empty(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the client and nothing else. What it needs comes as pip gets it; without a way: skipped."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    pins = ROOT / "requirements" / "base.txt"
    done = subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "-q", f"{wheel}[cli]", "-c", str(pins)],
        capture_output=True,
        text=True,
    )
    if (
        done.returncode
        and "CI" not in os.environ
        and re.search("No matching distribution|ConnectionError", done.stderr)
    ):
        pytest.skip("pip can't get the client's requirements here")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_installed_into_an_empty_environment_it_sends_one(empty: Path, api: str, token: str):
    environment = {"NOTIFY_API": api, "NOTIFY_TOKEN": token, "PATH": os.environ["PATH"], "HOME": str(empty)}
    script = subprocess.run(
        [empty / "bin" / "python", "-I", "-c", SEND], env=environment, capture_output=True, text=True, cwd=empty
    )
    assert script.returncode == 0, script.stderr
    typed = subprocess.run(
        [empty / "bin" / "notify", "send", "order_shipped", "--user", "usr_42", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        cwd=empty,
    )
    assert typed.returncode == 0, typed.stderr
    ids = {script.stdout.strip(), json.loads(typed.stdout)["notification_id"]}
    assert {event.recipients[0].id for _, event, _ in written()} == ids


def test_it_imports_nothing_of_the_platforms():
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    trees = [ast.parse(path.read_text()) for path in (CLIENT / "src").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    named = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    named += [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    assert len(rooms) > 5
    assert {name.partition(".")[0] for name in named} & rooms == set()


def test_the_wheel_has_types_schema_and_proto(wheel: Path):
    import zipfile

    names = set(zipfile.ZipFile(wheel).namelist())
    for file in ("py.typed", "testing/send.schema.json", "over_grpc/notification_service.proto"):
        assert f"notification_platform/{file}" in names


def test_without_the_extra_the_command_line_says_what_is_missing(monkeypatch, capsys):
    from notification_platform.cli import start

    monkeypatch.setattr(start.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"\[cli\]"):
        start.main()


def test_the_page_lists_every_exit_code_as_it_is():
    page = (CLIENT / "README.md").read_text()
    listed = dict(re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE))
    assert {int(code): said for code, said in listed.items()} == codes.MEANING


def test_the_page_names_every_operation():
    from notification_platform import AsyncClient, Client

    page = (CLIENT / "README.md").read_text()
    client = Client("http://localhost:1", "t")
    groups = [Client, type(client.users), type(client.inbox), type(client.broadcasts)]
    for name in {name for group in groups for name in dir(group) if not name.startswith("_")} - {"close"}:
        assert re.search(rf"\b{name}\b", page), name
    assert {name for name in dir(AsyncClient) if name[0] != "_"} == {name for name in dir(Client) if name[0] != "_"}
    client.close()
