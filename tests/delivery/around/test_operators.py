"""What operators see and change: the command, the admin's page, the metrics; felt without a restart."""

from __future__ import annotations

import json
import re
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from delivery import account_settings, breaker, buckets, metrics
from delivery.models import AccountSetting
from foundation.redis import get_redis
from tests.delivery.around.sending_to import accounts_used, deliver, sms
from tests.delivery.conftest import DATABASES

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES), pytest.mark.usefixtures("accounts")]
ANSWERS_THAT_ADD_UP = 1_000
CONTROL = "/admin/delivery/control/account"


def providers(*args: str) -> str:
    out = StringIO()
    call_command("providers", *args, stdout=out)
    return out.getvalue()


def granted(count: int = ANSWERS_THAT_ADD_UP) -> int:
    return buckets.take("main", "critical", count).granted


class TestCheck:
    def test_all_is_well(self, main):
        assert [line[:6] for line in providers("check").splitlines()] == ["ok    ", "ok    "]
        assert "main: 127.0.0.1 is there; the secret signs." in providers("check", "main")
        assert main.script.received == []

    def test_what_is_wrong_is_said_in_a_sentence_and_by_the_exit_code(self, accounts, monkeypatch):
        monkeypatch.delenv("WEBHOOK_SIMULATOR_SECRET")
        out = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("providers", "check", "main", stdout=out)
        assert ended.value.code == 1
        assert re.fullmatch(r"WRONG  account main: secret is empty in the variable .*\n", out.getvalue())

    def test_as_json(self):
        assert [each["well"] for each in json.loads(providers("check", "--json"))] == [True, True]

    def test_an_account_that_is_not_there_is_refused_with_those_that_are(self):
        with pytest.raises(CommandError, match="no such account: mian One of main, spare"):
            providers("check", "mian")


def test_the_list_says_how_each_stands():
    breaker.record("main", ok=0, failed=breaker.THRESHOLD)
    first, second = json.loads(providers("list", "--json"))
    assert (first["account"], first["state"], first["share"], first["order"]) == ("main", "open", 0, 0)
    assert (second["account"], second["state"], second["share"], second["weight"]) == ("spare", "closed", 1, 1)
    assert re.search(r"main .* open, \d s", providers("list"))


def test_a_rate_is_felt_at_once_and_goes_back_to_its_own(accounts):
    accounts(main={"rate": 500})
    assert granted() <= 75
    providers("rate", "main", "0")
    assert granted() == ANSWERS_THAT_ADD_UP
    assert "5 messages/s" in providers("rate", "main", "5")
    assert granted() <= 5
    assert json.loads(providers("rate", "main", "default", "--json"))["rate"] == 500
    with pytest.raises(CommandError, match="no rate"):
        providers("rate", "main", "fast")


def test_pause_and_resume():
    assert "main: paused" in providers("pause", "main", "--why", "invoices come twice")
    assert accounts_used(deliver(sms(3))) == {"spare": 3}
    assert "invoices come twice" in providers("list")
    providers("resume", "main")
    assert accounts_used(deliver(sms(3))) == {"main": 3}


def test_resume_closes_an_open_breaker_too():
    breaker.record("main", ok=0, failed=0, refused="Twilio refuses our credentials.", refusals=breaker.REFUSALS)
    providers("resume", "main")
    assert breaker.state("main").state == breaker.CLOSED


def test_metrics_show_state_share_and_rate(accounts):
    accounts(main={"rate": 500})
    breaker.record("main", ok=60, failed=40)
    breaker.record("spare", ok=0, failed=0, refused="refused", refusals=breaker.REFUSALS)
    text = metrics.exposition().decode()
    assert 'np_breaker{account="spare",state="paused"} 1.0' in text
    assert 'np_account_rate{account="main"} 500.0' in text
    share = re.search(r'np_account_share{account="main"} ([\d.]+)', text)
    assert share is not None
    assert float(share[1]) == pytest.approx(0.6, abs=0.05)


class TestAdmin:
    @pytest.fixture
    def operator(self, client):
        client.force_login(get_user_model().objects.create_superuser("ann"))
        return client

    def test_the_page_shows_every_account_and_changes_its_rate(self, operator):
        page = operator.get("/admin/delivery/accountsetting/").content.decode()
        assert all(word in page for word in ("main", "spare", "closed"))
        operator.post(f"{CONTROL}/main/rate/", {"rate": "5", "why": "their limit"})
        assert granted() <= 5
        assert AccountSetting.objects.get(pk="main").changed_by == "ann"

    def test_redis_is_asked_once_however_many_accounts_there_are(self, operator):
        def asked() -> int:
            return int(get_redis().info("commandstats").get("cmdstat_time", {}).get("calls", 0))

        before = asked()
        operator.get("/admin/delivery/accountsetting/")
        assert asked() == before + 1

    def test_it_pauses_and_resumes(self, operator):
        operator.post(f"{CONTROL}/main/pause/", {"why": "a test"})
        assert breaker.state("main").why == "a test"
        operator.post(f"{CONTROL}/main/resume/", {"why": "over"})
        assert breaker.state("main").state == breaker.CLOSED


def test_a_change_that_is_committed_after_a_later_one_is_felt_too():
    AccountSetting.objects.create(account="spare", rate=7, changed_at=200)
    account_settings.publish()
    AccountSetting.objects.create(account="main", rate=5, changed_at=100)
    account_settings.publish()
    assert account_settings.rates_set() == {"main": 5, "spare": 7}
