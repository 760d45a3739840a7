"""A row of issue 5, section 6: credentials that are refused, and what ends the pause; replaced while workers send."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from delivery import breaker, scheduling
from delivery.models import Alert, DeadLetter
from foundation.clock import now_ms
from notifications.due.models import DueRow
from notifications.records import ChannelRecord, decode
from tests.delivery.around.sending_to import (
    accounts_used,
    counted,
    deliver,
    errors,
    let_pass,
    sms,
    taken,
)
from tests.delivery.channel_records import record
from tests.delivery.conftest import DATABASES
from tests.simulators.apns import APNsSimulator
from tests.simulators.certificates import pem_of
from tests.simulators.twilio import TOKEN, TwilioSimulator

pytestmark = [pytest.mark.django_db(transaction=True, databases=DATABASES)]


class TestExpiredCredentials:
    @pytest.fixture
    def twilio(self):
        with TwilioSimulator() as running:
            yield running

    @pytest.fixture
    def token(self, twilio, written, servers, tmp_path):
        """The file of an account's token; what it holds isn't right any more."""
        path = tmp_path / "token"
        path.write_text("the one of last year")
        options = {name: value for name, value in twilio.options().items() if not name.startswith("auth_token")}
        written(
            {
                "name": "twilio-main",
                "provider": "twilio",
                "channel": "sms",
                "rate": 0,
                "options": {**options, "auth_token_file": str(path)},
            }
        )
        return path

    def test_paused_with_an_alert_nothing_parked_and_it_goes_on_after_rotation(self, twilio, token):
        """The trial that comes by itself within 20 s is brought forward."""
        first = deliver(sms(20, priority="low"))
        assert errors(first) == {"misconfigured": 20}
        assert breaker.state("twilio-main").state == breaker.PAUSED
        scheduling.schedule(first.failures, repeat=False, now=now_ms())
        second = deliver(sms(20, priority="low"))
        assert (errors(second), counted(second)) == ({"breaker_open": 20}, 0)
        scheduling.schedule(second.failures, repeat=False, now=now_ms())
        assert (DeadLetter.objects.count(), DueRow.objects.count()) == (0, 40)
        assert ["The account twilio-main is refused" in alert.text for alert in Alert.objects.all()] == [True]

        rewrite(token, TOKEN)
        let_pass("twilio-main")
        waiting = [decode(ChannelRecord, bytes(row.value)) for row in DueRow.objects.all()]
        delivered = deliver(waiting)
        assert (accounts_used(delivered), delivered.failures) == ({"twilio-main": 40}, [])
        assert {each.attempt - each.uncounted for each in waiting} == {1}
        assert breaker.state("twilio-main").state == breaker.CLOSED

    def test_a_secret_that_is_replaced_while_a_worker_sends_costs_nothing(self, twilio, token):
        token.write_text(TOKEN)
        batches = [[record(f"+4917{n:02}{place:06}", channel="sms") for place in range(20)] for n in range(12)]
        with ThreadPoolExecutor(1) as worker:
            sending = worker.submit(lambda: [deliver(batch) for batch in batches])
            twilio.script.wait(40)
            rewrite(token, TOKEN + "\n")
            delivered = sending.result(30)
        assert [each.failures for each in delivered] == [[]] * 12
        assert (len(taken(twilio)), set(taken(twilio).values())) == (240, {1})


def test_an_apns_key_that_is_replaced_ends_the_pause(written, servers, tmp_path):
    path = tmp_path / "key.p8"
    path.write_text(pem_of(ec.generate_private_key(ec.SECP256R1())))
    devices = [record(f"{n:064x}", channel="push", platform="apns") for n in range(20)]
    with APNsSimulator() as apns:
        written({"name": "apns-main", "provider": "apns", "channel": "push", "rate": 0, "options": apns.options(path)})
        assert errors(deliver(devices)) == {"misconfigured": 20}
        assert breaker.state("apns-main").state == breaker.PAUSED
        rewrite(path, apns.key_pem)
        let_pass("apns-main")
        assert accounts_used(deliver(devices)) == {"apns-main": 20}


def rewrite(path: Path, text: str) -> None:
    """Replaces a secret as a rotation does: another file under the same name."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.utime(new, ns=(0, path.stat().st_mtime_ns + 1))
    new.replace(path)
