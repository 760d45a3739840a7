"""What holds the whole together: rooms, tables, documents. Each of these would break silently otherwise."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from config import settings_page
from config.celery import app
from delivery import tasks
from demo import processes
from foundation import errors
from notifications import topology
from notifications.topology import QUEUES, ROLES, TOPICS
from preferences import channels
from templates_app.validators import KNOWN_CHANNELS

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("foundation", "preferences", "templates_app", "notifications", "channels_app", "delivery", "demo", "config")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
PATH_IN_TEXT = re.compile(
    r"`(?P<code>(?:\.ci|bench|docs|requirements|tests|"
    + "|".join(ROOMS)
    + r")/[\w./-]*)`|\]\((?P<link>[^)#:]+)(#[\w-]*)?\)"
)


def python_files() -> Iterator[Path]:
    for room in (*ROOMS, "bench"):
        yield from (file for file in sorted((ROOT / room).rglob("*.py")) if "migrations" not in file.parts)


def test_imports_between_rooms_go_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


# --- topics, queues, roles: an unserved one is silent loss


def test_every_topic_is_served_by_one_role_and_its_queue_by_the_same() -> None:
    for topic in TOPICS.values():
        serving = [role for role in ROLES.values() if topic.name in role.topics]
        assert len(serving) == 1, f"{topic.name} is served by {[role.name for role in serving]}"
        assert topic.queue in serving[0].queues, topic.name


def test_every_step_of_every_chain_is_a_task_that_workers_know() -> None:
    assert tasks  # importing it registers them, as a worker does
    steps = {step for topic in TOPICS.values() for step in topic.chain}
    ticks = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert steps | ticks <= set(app.tasks)


def test_beat_ticks_into_queues_that_are_served() -> None:
    assert {entry["options"]["queue"] for entry in app.conf.beat_schedule.values()} <= set(QUEUES)


def test_the_demo_serves_every_topic_and_queue_with_one_bridge_a_topic() -> None:
    commands = [program.command for program in processes.programs(Path("var"), 8000, 8001)]
    bridged = [
        topic
        for command in commands
        for flag, role in pairwise(command)
        if flag == "--role"
        for topic in ROLES[role].topics
    ]
    worked = {
        queue
        for command in commands
        for flag, queues in pairwise(command)
        if flag == "-Q"
        for queue in queues.split(",")
    }
    assert sorted(bridged) == sorted(TOPICS)
    assert worked == set(QUEUES)


def test_the_lanes_share_no_bridge_and_no_worker() -> None:
    lane_of_queue = {topic.queue: topic.lane for topic in TOPICS.values()}
    for program in processes.programs(Path("var"), 8000, 8001):
        text = shlex.join(program.command)
        roles = re.findall(r"--role (\S+)", text)
        lanes = {TOPICS[topic].lane for role in roles for topic in ROLES[role].topics}
        for queues in re.findall(r"-Q (\S+)", text):
            lanes |= {lane_of_queue[queue] for queue in queues.split(",")}
        assert len(lanes) <= 1, f"{program.name} serves {sorted(lanes)}"


def test_the_channels_are_the_same_in_every_room() -> None:
    assert channels.CHANNELS == topology.CHANNELS == KNOWN_CHANNELS
    assert set(channels.LABELS) == set(channels.CHANNELS)


# --- errors


def _below(kind: type) -> Iterator[type]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def test_every_refusal_has_a_status_a_code_and_a_title_of_its_own() -> None:
    refusals = [kind for kind in _below(errors.Refused) if kind.__module__.split(".")[0] in ROOMS]
    assert len(refusals) > 5
    for attribute in ("status", "code", "title"):
        own = [vars(kind).get(attribute) for kind in refusals]
        assert None not in own, attribute
        assert len(set(own)) == len(own), attribute


def test_the_drawn_tree_of_errors_is_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    there = [name for name, kind in vars(errors).items() if isinstance(kind, type) and kind is not errors.PlatformError]
    assert drawn == there


def _swallowing(file: Path) -> Iterator[str]:
    text = file.read_text()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = ast.unparse(node.type) if node.type else ""
        where = f"{file.relative_to(ROOT)}, line {node.lineno}"
        if not caught:
            yield f"{where}: a bare except"
        elif all(isinstance(part, ast.Pass) for part in node.body):
            if caught in ("Exception", "BaseException"):
                yield f"{where}: everything is passed over"
            elif "#" not in text.splitlines()[node.body[0].lineno - 1]:
                yield f"{where}: passed over without saying why"


def test_no_error_is_swallowed() -> None:
    assert [found for file in python_files() for found in _swallowing(file)] == []


# --- documents


def test_the_settings_page_is_what_the_code_says() -> None:
    assert settings_page.PAGE.read_text() == settings_page.page(), "run `make format`"


def test_the_settings_page_names_every_setting() -> None:
    page = settings_page.page()
    assert all(f"| `{name}` |" in page for name in settings_page.Environment.model_fields)
    assert all(field.description for field in settings_page.Environment.model_fields.values())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_document_names_a_file_that_is_not_there(document: Path) -> None:
    for found in PATH_IN_TEXT.finditer(document.read_text()):
        path = ROOT / found["code"] if found["code"] else document.parent / found["link"]
        assert path.exists(), f"{document.name} names {found['code'] or found['link']}"


def test_decisions_are_numbered_in_a_row_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    files = sorted(file for file in folder.glob("*.md") if file.name != "README.md")
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    index = (folder / "README.md").read_text()
    for file in files:
        title = file.read_text().splitlines()[0]
        assert title.startswith(f"# {int(file.name[:4])}. "), file.name
        assert f"[{title.removeprefix('# ')}]({file.name})" in index
