"""What is written for the servers, without starting any."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import yaml

from config.environment import Environment
from stack import environment, layout, mariadb, passwords, redis_server, supervision, versions
from stack.cassandra import settings as cassandra
from stack.kafka import settings as kafka
from stack.layout import Layout
from stack.passwords import Passwords
from stack.problems import StackError

ROOT = Path(__file__).resolve().parent.parent.parent
SECRETS = Passwords(mariadb="m" * 40, redis="r" * 40)


def made(folder: Path, nodes: int = 1, **environment: str) -> Layout:
    return layout.make(folder, nodes, environment or {"STACK_PORT": "25000"})


# --- ports and names


def test_one_node_is_four_servers_and_three_are_eight(tmp_path: Path) -> None:
    assert made(tmp_path).names() == ["kafka-1", "cassandra-1", "mariadb", "redis"]
    assert len(made(tmp_path, 3).names()) == 8


@pytest.mark.parametrize("nodes", [1, 3, 5])
def test_no_two_servers_share_an_address_and_port(tmp_path: Path, nodes: int) -> None:
    found = made(tmp_path, nodes).with_another_broker()
    places = [place for name in found.names() for place in found.listening(name)]
    proxies = [("127.0.0.1", found.proxied(name)[0]) for name in found.names() if name.startswith("kafka")]
    assert len(set(places + proxies)) == len(places + proxies)
    assert all(25_000 <= port < 25_000 + layout.SPAN for _, port in places + proxies)


def test_a_port_may_be_given_for_one_kind(tmp_path: Path) -> None:
    found = made(tmp_path, 3, STACK_PORT="25000", STACK_KAFKA_PORT="9092")
    assert [found.port(f"kafka-{number}") for number in (1, 2, 3)] == [9092, 9093, 9094]
    assert found.port("redis") == 25_001


@pytest.mark.parametrize("value", ["http", "-1", "65530"])
def test_a_port_that_is_none_is_refused_by_its_name(tmp_path: Path, value: str) -> None:
    with pytest.raises(StackError, match="STACK_PORT"):
        made(tmp_path, STACK_PORT=value)


def test_two_nodes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="1, 3, 5"):
        made(tmp_path, 2)


def test_what_was_chosen_is_kept(tmp_path: Path) -> None:
    first = layout.make(tmp_path, 3, {})
    layout.save(first)
    assert layout.load(tmp_path) == first
    assert layout.load(tmp_path / "elsewhere") is None


# --- each server's own file


def test_three_brokers_keep_three_copies_and_two_must_have_each_record(tmp_path: Path) -> None:
    found = kafka.properties(made(tmp_path, 3), "kafka-2")
    assert found["process.roles"] == "broker,controller"
    assert found["default.replication.factor"] == found["offsets.topic.replication.factor"] == "3"
    assert found["min.insync.replicas"] == "2"
    assert found["controller.quorum.bootstrap.servers"].count(",") == 2


def test_a_broker_that_joins_later_is_no_controller(tmp_path: Path) -> None:
    found = kafka.properties(made(tmp_path, 3).with_another_broker(), "kafka-4")
    assert found["process.roles"] == "broker"
    assert "CONTROLLER" not in found["listeners"]


def test_a_client_that_comes_through_a_proxy_is_told_to_come_back_through_it(tmp_path: Path) -> None:
    shape = made(tmp_path)
    proxy, behind = shape.proxied("kafka-1")
    found = kafka.properties(shape, "kafka-1")
    assert f"PROXIED://127.0.0.1:{behind}" in found["listeners"].split(",")
    assert f"PROXIED://127.0.0.1:{proxy}" in found["advertised.listeners"].split(",")


def test_the_ring_is_even_and_all_nodes_are_one_anothers_seeds(tmp_path: Path) -> None:
    shape = made(tmp_path, 3)
    files = [yaml.safe_load(cassandra.yaml_file(cassandra.settings(shape, name))) for name in cassandra.nodes(shape)]
    tokens = [file["initial_token"] for file in files]
    assert tokens[0] == -(2**63)
    assert max(tokens[1] - tokens[0] - (tokens[2] - tokens[1]), 0) <= 1
    assert {file["listen_address"] for file in files} == {"127.0.0.1", "127.0.0.2", "127.0.0.3"}
    assert all(file["seed_provider"][0]["parameters"][0]["seeds"].count(",") == 2 for file in files)


def test_a_single_node_doesnt_acknowledge_what_isnt_on_the_disk() -> None:
    assert cassandra.TUNING["commitlog_sync"] in ("group", "batch")


def test_mariadb_is_strict_and_its_user_reaches_no_other_database(tmp_path: Path) -> None:
    files = {path.name: text for path, text in mariadb.files(made(tmp_path), SECRETS).items()}
    assert "STRICT_ALL_TABLES" in files["my.cnf"]
    grants = [line for line in files["init.sql"].splitlines() if line.startswith("GRANT")]
    assert grants
    assert not any("*.*" in line for line in grants)
    assert ("user=root" in files["my.cnf"]) == (os.geteuid() == 0)


def test_redis_is_bounded_and_keeps_nothing_on_disk(tmp_path: Path) -> None:
    (text,) = redis_server.files(made(tmp_path), SECRETS).values()
    lines = dict(line.split(" ", 1) for line in text.splitlines())
    assert lines["maxmemory-policy"] == "volatile-lru"
    assert lines["requirepass"] == SECRETS.redis
    assert lines["save"] == '""'
    assert lines["bind"] == "127.0.0.1"


# --- secrets


def test_passwords_are_made_once_and_are_their_owners(tmp_path: Path) -> None:
    first = passwords.read_or_make(tmp_path)
    assert passwords.read_or_make(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "passwords.json").stat().st_mode) == 0o600
    assert first.mariadb not in repr(first)


def test_no_password_is_on_a_command_line(tmp_path: Path) -> None:
    shape = made(tmp_path)
    words = shlex.join([*mariadb.command(shape), *redis_server.command(shape)])
    assert SECRETS.mariadb not in words
    assert SECRETS.redis not in words


# --- stack.env


def test_a_shell_can_source_it_and_the_platform_understands_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "stack.env"
    values = environment.environment(environment.places(made(tmp_path, 3)), SECRETS)
    environment.write(file, values)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    script = f'. {shlex.quote(str(file))}; printf %s "$KAFKA_BOOTSTRAP"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.count(":") == 3
    assert environment.read(file) == values

    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VAR", str(tmp_path))
    told = Environment()
    assert (told.LOG_ENGINE, told.STORE_ENGINE) == ("kafka", "cassandra")
    assert (told.KAFKA_REPLICATION, told.KAFKA_MIN_ISR, told.CASSANDRA_REPLICATION) == (3, 2, 3)
    assert told.CASSANDRA_CONTACT_POINTS == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert urlsplit(told.DATABASE_URL).password == SECRETS.mariadb
    assert urlsplit(told.REDIS_URL).password == SECRETS.redis


# --- versions, supervision


@pytest.mark.parametrize(
    ("kind", "artifact", "version"),
    [("kafka", "kafka_2.13", versions.KAFKA), ("cassandra", "cassandra-all", versions.CASSANDRA)],
)
def test_jars_and_images_are_of_one_version(kind: str, artifact: str, version: str) -> None:
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    pom = ElementTree.parse(ROOT / "stack" / kind / "pom.xml")
    found = {
        dependency.findtext("m:artifactId", namespaces=space): dependency.findtext("m:version", namespaces=space)
        for dependency in pom.iterfind("m:dependencies/m:dependency", space)
    }
    assert found[artifact] == version
    assert versions.IMAGES[kind].endswith(f":{version}")


def test_what_dies_is_started_again_and_each_is_a_group_of_its_own(tmp_path: Path) -> None:
    program = supervision.Program(name="redis", command=["redis-server", "50%"], folder=tmp_path, log=tmp_path / "log")
    text = supervision.configuration(tmp_path, [program])
    assert "autorestart=true" in text
    assert "[group:" not in text
    assert "command=redis-server 50%%" in text
