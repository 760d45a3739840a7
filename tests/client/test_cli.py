"""`notify` as one types it: what it prints, its exit codes, where it finds its credentials."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from notification_platform.cli import codes, session
from notification_platform.cli.app import app
from notification_platform.retrying import Retries
from typer.testing import CliRunner, Result

from notifications.credentials import create_token
from tests.client.lying import lying, told
from tests.notifications.accepting import written

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

Notify = Callable[..., Result]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Notify:
    """`notify` on a machine where nothing is set up."""
    for name in [name for name in os.environ if name.startswith("NOTIFY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(session, "RETRIES", Retries(attempts=1))
    runner = CliRunner()

    def notify(*arguments: str, **options: Any) -> Result:
        result = runner.invoke(app, arguments, **options)
        assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit), result.exception
        return result

    return notify


@pytest.fixture
def notify(bare: Notify, api: str, token: str, monkeypatch: pytest.MonkeyPatch) -> Notify:
    """`notify` with an API and a token in the environment."""
    monkeypatch.setenv("NOTIFY_API", api)
    monkeypatch.setenv("NOTIFY_TOKEN", token)
    return bare


def test_one_is_sent(notify):
    done = notify("send", "order_shipped", "--user", "usr_42", "--data", "tracking_number=TR1", "-d", "items:=3")
    assert (done.exit_code, done.stdout[:15]) == (0, "accepted notif_")
    [(_, event, _)] = written()
    assert event.data == {"tracking_number": "TR1", "items": 3}


def test_json_is_for_programs(notify):
    done = notify("send", "order_shipped", "-u", "usr_42", "--channel", "push", "--at", "2h", "--json")
    told = json.loads(done.stdout)
    assert told["status"] == "accepted"
    assert told["estimated_channels"] == ["push"]
    status = json.loads(notify("status", told["notification_id"], "--json").stdout)
    assert status["schedule_at"] is not None


def test_a_refusal_shows_field_and_remedy(notify):
    done = notify("send", "order_shiped", "-u", "usr_42")
    assert done.exit_code == codes.REFUSED
    assert "Did you mean `order_shipped`" in done.stderr
    assert "field   type" in done.stderr
    assert "remedy" in done.stderr
    told = json.loads(notify("send", "order_shiped", "-u", "usr_42", "--json").stderr)
    assert (told["error"]["code"], told["error"]["field"]) == ("unknown_type", "type")


@pytest.mark.parametrize("pair", ["novalue", "=x", ":=1", "a:={"])
def test_data_that_is_no_pair_is_a_usage_error(notify, pair):
    done = notify("send", "order_shipped", "-u", "usr_42", "-d", pair)
    assert done.exit_code == codes.USAGE
    assert written() == []


def test_explain_shows_each_channel_and_sends_nothing(notify):
    done = notify("explain", "order_shipped", "-u", "usr_42")
    assert done.exit_code == 0
    assert "in_app" in done.stdout
    assert written() == []


def test_types_and_whoami(notify, api):
    assert [each["name"] for each in json.loads(notify("types", "--json").stdout)] == ["order_shipped"]
    assert "order_shipped" in notify("types").stdout
    told = json.loads(notify("whoami", "--json").stdout)
    assert (told["name"], told["source"], told["api"]) == ("orders", "NOTIFY_TOKEN", api)
    assert "notifications:send" in notify("whoami").stdout


def test_what_does_not_exist_ends_with_4_and_what_is_not_allowed_with_3(notify, monkeypatch):
    assert notify("status", "notif_unknown").exit_code == codes.NOT_FOUND
    assert notify("dead-letters").exit_code == codes.NOT_ALLOWED
    monkeypatch.setenv("NOTIFY_TOKEN", "nps_wrong")
    assert notify("whoami").exit_code == codes.NOT_ALLOWED


def test_dead_letters_of_an_operator(notify, monkeypatch):
    secret, _ = create_token(name="operators", kind="admin", scopes=["operate"])
    monkeypatch.setenv("NOTIFY_TOKEN", secret)
    assert "There are none" in notify("dead-letters").stdout
    assert json.loads(notify("dead-letters", "--by", "error", "--json").stdout) == []
    assert notify("dead-letters", "--by", "colour").exit_code == codes.REFUSED


def test_the_inbox_once(notify):
    done = notify("inbox", "-u", "usr_42", "--once")
    assert (done.exit_code, done.stdout.strip()) == (0, "0 unread")


def test_no_outcome_in_time_ends_with_6(notify):
    id = json.loads(notify("send", "order_shipped", "-u", "usr_42", "--json").stdout)["notification_id"]
    done = notify("wait", id, "--within", "0.2")
    assert done.exit_code == codes.NOT_DELIVERED
    assert "accepted" in done.stderr


class TestCredentials:
    def test_without_any_it_says_what_to_do(self, bare):
        done = bare("whoami")
        assert done.exit_code == codes.NOT_ALLOWED
        assert "NOTIFY_TOKEN" in done.stderr
        assert "--demo" in done.stderr

    def test_login_keeps_a_token_that_only_its_owner_may_read(self, bare, api, token, tmp_path):
        done = bare("login", "--api", api, input=f"{token}\n")
        assert done.exit_code == 0, done.stderr
        path = tmp_path / "notify" / "profiles.json"
        assert path.stat().st_mode & 0o777 == 0o600
        assert json.loads(bare("whoami", "--json").stdout)["source"] == "profile default"
        bare("login", "--api", api, "--profile", "staging", input=token)
        assert json.loads(bare("whoami", "--profile", "staging", "--json").stdout)["name"] == "orders"
        assert json.loads(bare("whoami", "--json").stdout)["name"] == "orders"

    def test_a_token_the_server_does_not_know_is_not_kept(self, bare, api, tmp_path):
        assert bare("login", "--api", api, input="nps_wrong").exit_code == codes.NOT_ALLOWED
        assert not (tmp_path / "notify").exists()

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
    def test_a_file_that_others_may_read_is_refused(self, bare, api, token, tmp_path, mode):
        bare("login", "--api", api, input=token)
        (tmp_path / "notify" / "profiles.json").chmod(mode)
        done = bare("whoami")
        assert done.exit_code == codes.NOT_ALLOWED
        assert "chmod 600" in done.stderr

    def test_an_unknown_profile_names_those_there_are(self, bare, api, token):
        bare("login", "--api", api, input=token)
        done = bare("whoami", "--profile", "prod")
        assert done.exit_code == codes.NOT_ALLOWED
        assert "It has default" in done.stderr

    @pytest.mark.parametrize("text", ["{", "[]", '{"default": 1}', '{"default": {"api": "x"}}', ""])
    def test_a_file_that_is_broken_is_told(self, bare, tmp_path, text):
        path = tmp_path / "notify" / "profiles.json"
        path.parent.mkdir()
        path.write_text(text)
        path.chmod(0o600)
        assert bare("whoami").exit_code == codes.NOT_ALLOWED

    def test_the_demos_own(self, bare, api, token, tmp_path, monkeypatch):
        monkeypatch.setenv("VAR", str(tmp_path))
        assert "make demo" in bare("whoami", "--demo").stderr
        path = tmp_path / "demo.env"
        path.write_text(f"API={api}\nSERVICE_TOKEN={token}\n")
        path.chmod(0o600)
        assert json.loads(bare("whoami", "--demo", "--json").stdout)["source"] == str(path)
        path.chmod(0o644)
        assert bare("whoami", "--demo").exit_code == codes.NOT_ALLOWED


def test_a_server_that_lies_ends_with_7_and_one_that_is_away_with_5(bare, monkeypatch):
    monkeypatch.setenv("NOTIFY_TOKEN", "t")
    with lying(told(200, b"<html>")) as liar:
        monkeypatch.setenv("NOTIFY_API", liar.url)
        assert bare("whoami").exit_code == codes.BAD_ANSWER
    assert bare("whoami").exit_code == codes.TRY_AGAIN


def test_marks_in_what_the_server_says_are_only_text(bare, monkeypatch):
    monkeypatch.setenv("NOTIFY_TOKEN", "t")
    entry = {
        "id": "n",
        "type": "t",
        "title": "[/b] [red]",
        "body": "[/]",
        "read": False,
        "created_at": "2026-02-23T14:30:00Z",
    }
    with lying(told(200, {"notifications": [entry], "unread_count": 1})) as liar:
        monkeypatch.setenv("NOTIFY_API", liar.url)
        assert "[/b] [red]" in bare("inbox", "-u", "u", "--once").stdout


class TestBroadcasts:
    def of(self, status: str, expanded: int) -> bytes:
        return told(200, {"broadcast_id": "bc_1", "state": status, "recipients": 10, "expanded": expanded})

    def test_one_is_started_and_followed_to_its_end(self, bare, monkeypatch):
        started = {"broadcast_id": "bc_1", "estimated_recipients": 10, "estimated_duration_minutes": 0.1}
        monkeypatch.setenv("NOTIFY_TOKEN", "t")
        with lying(told(202, started), self.of("running", 3), self.of("finished", 10)) as liar:
            monkeypatch.setenv("NOTIFY_API", liar.url)
            done = bare("broadcast", "news", "--segment", "all", "--rate", "50", "-d", "title=Hi")
        assert done.exit_code == 0, done.stderr
        assert "10/10" in done.stdout
        assert liar.asked[0].key
        assert json.loads(liar.asked[0].body) == {
            "type": "news",
            "target": {"type": "segment", "segment": "all"},
            "data": {"title": "Hi"},
            "throttle": {"rate": 50},
        }

    def test_a_running_one_is_steered(self, bare, monkeypatch):
        monkeypatch.setenv("NOTIFY_TOKEN", "t")
        with lying(self.of("paused", 3)) as liar:
            monkeypatch.setenv("NOTIFY_API", liar.url)
            assert "paused" in bare("broadcasts", "pause", "bc_1").stdout
            bare("broadcasts", "rate", "bc_1", "500")
        assert liar.asked[0].head.startswith("POST /api/v1/broadcasts/bc_1/pause ")
        assert json.loads(liar.asked[1].body) == {"rate": 500}


@pytest.mark.parametrize("words", [[], ["send"], ["watch"], ["broadcasts", "rate"], ["dead-letters"], ["login"]])
def test_help_has_examples(bare, words):
    shown = bare(*words, "--help").stdout
    assert f"notify {' '.join(words)}".strip() in shown
