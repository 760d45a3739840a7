"""compose.yaml and the Dockerfile, as far as they can be checked without an engine to run them."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from notifications.topology import QUEUES, ROLES, TOPICS
from stack import compose, versions
from stack.cassandra import settings as cassandra
from stack.kafka import settings as kafka

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def services(document: dict[str, Any]) -> dict[str, Any]:
    return document["services"]


def test_the_file_is_what_the_tables_give() -> None:
    assert (ROOT / "compose.yaml").read_text() == compose.render(), "run: python -m stack compose > compose.yaml"


def test_it_follows_the_compose_specification(document: dict[str, Any]) -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(document, json.loads(schema.read_text()))


def test_every_name_it_refers_to_is_there(document: dict[str, Any], services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(document["volumes"]), name
        assert {config["source"] for config in service.get("configs", [])} <= set(document["configs"]), name


def test_every_topic_has_a_bridge_and_every_queue_a_worker(services: dict[str, Any]) -> None:
    commands = [service.get("command", []) for service in services.values()]
    bridged = [role for words in commands if "bridge" in words for role in words[words.index("--role") + 1 :: 2]]
    worked = [queue for words in commands if "-Q" in words for queue in words[words.index("-Q") + 1].split(",")]
    assert sorted(topic for role in bridged for topic in ROLES[role].topics) == sorted(TOPICS)
    assert sorted(worked) == sorted(QUEUES)
    assert {name.removesuffix("-bridge").removesuffix("-worker") for name in services} >= set(ROLES)


def test_servers_are_told_the_same_as_by_make_stack(document: dict[str, Any], services: dict[str, Any]) -> None:
    assert kafka.image_environment(kafka.TUNING).items() <= services["kafka"]["environment"].items()
    assert cassandra.TUNING.items() <= yaml.safe_load(document["configs"]["cassandra.yaml"]["content"]).items()


def test_everything_is_pinned_and_what_keeps_running_is_watched(services: dict[str, Any]) -> None:
    for name, service in services.items():
        ours = service["image"] == compose.IMAGE
        assert ours or service["image"] in versions.IMAGES.values(), name
        if service["restart"] != "no":
            assert service["healthcheck"]["test"], name
        if ours:
            assert service["cap_drop"] == ["ALL"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_no_password_stands_in_it(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for variable in service.get("environment", {}):
            assert not re.search("PASSWORD$|SECRET|TOKEN|_URL$", variable) or variable.startswith("MARIADB_RANDOM"), (
                name
            )


# --- the Dockerfile


@pytest.fixture(scope="module")
def lines() -> list[str]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_images_are_pinned_and_the_compiler_stays_behind(lines: list[str]) -> None:
    stages = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert len(stages) == 2
    assert all(re.fullmatch(r"python:3\.12-slim-bookworm", image) for image in stages)
    last = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert not any("gcc" in line for line in last)


def test_it_runs_as_nobody_in_particular_from_the_same_user_as_compose(lines: list[str]) -> None:
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == [compose.USER]
    last_root = max(number for number, line in enumerate(lines) if line.startswith(("RUN ", "COPY ")))
    assert lines.index(f"USER {compose.USER}") > last_root


def test_it_holds_no_secret_and_takes_none_from_the_folder(lines: list[str]) -> None:
    assert not any(re.search(r"(?i)(password|secret|token)\S*=", line) for line in lines)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored  # everything that isn't named stays outside
    assert not {"!var/", "!.git/", "!tests/", "!.venv/"} & set(ignored)
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert {f"!{room}/" for room in rooms} <= set(ignored)


def test_what_it_copies_is_there(lines: list[str]) -> None:
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            assert all((ROOT / source).exists() for source in line.split()[1:-1]), line
