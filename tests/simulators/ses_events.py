"""What SES tells of a mail it took, through SNS: Send, then what became of it (Delivery, unless told otherwise).

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import base64
import random
import time
from email import message_from_bytes, policy
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import httpx

from foundation.clock import now_ms, to_rfc3339
from tests.simulators.sns import Sns

TRIES, NAP_S = 6, 0.5  # SNS goes on for an hour
TOLD: dict[str, dict[str, Any]] = {
    "Send": {},
    "Delivery": {"smtpResponse": "250 ok"},
    "Bounce": {"bounceType": "Permanent", "bounceSubType": "General"},
    "Complaint": {"complaintFeedbackType": "abuse"},
}


class SESEvents:
    """Posts the events of each mail to `url`, `copies` of each, in an order of chance where `shuffles`.

    `fate` is what becomes of mails; `pause_s` passes between two posts. `posted` are (kind, status of the answer).
    """

    def __init__(self, sns: Sns, url: str, *, pause_s: float = 0.0) -> None:
        self.sns, self.url, self.pause_s = sns, url, pause_s
        self.posts_receipts, self.copies, self.shuffles = True, 1, False
        self.fate = ("Send", "Delivery")
        self.posted: list[tuple[str, int]] = []
        self._taken: SimpleQueue[tuple[dict[str, Any], str] | None] = SimpleQueue()
        self._over = Event()
        self._chance = random.Random(0)

    def __enter__(self) -> SESEvents:
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._taken.put(None)
        self._thread.join(5)

    def taken(self, call: dict[str, Any], message_id: str) -> None:
        """SES took the mail of this call to SendEmail."""
        if self.posts_receipts:
            self._taken.put((call, message_id))

    def _run(self) -> None:
        with httpx.Client(trust_env=False, timeout=10) as client:
            while (taken := self._taken.get()) is not None:
                events = [event(kind, *taken) for kind in self.fate for _ in range(self.copies)]
                if self.shuffles:
                    self._chance.shuffle(events)
                for each in events:
                    if self._over.wait(self.pause_s):
                        return
                    self._post(client, each)

    def _post(self, client: httpx.Client, told: dict[str, Any]) -> None:
        """As SNS does: what isn't answered with 200 comes again, under the same id."""
        envelope = self.sns.envelope(told)
        for number in range(TRIES):
            try:
                status = client.post(self.url, json=envelope).status_code
            except httpx.HTTPError:
                status = 0
            self.posted.append((told["eventType"], status))
            if status == httpx.codes.OK or self._over.wait(NAP_S * 2**number):
                return


def event(kind: str, call: dict[str, Any], message_id: str) -> dict[str, Any]:
    """One event about the mail of a call to SendEmail."""
    mail = message_from_bytes(base64.b64decode(call["Content"]["Raw"]["Data"]), policy=policy.default)
    addresses = call["Destination"]["ToAddresses"]
    people = [{"emailAddress": address} for address in addresses]
    told = {"timestamp": to_rfc3339(now_ms()), "feedbackId": f"{message_id}-{kind}", **TOLD.get(kind, {})}
    whom = {"Delivery": {"recipients": addresses}, "Bounce": {"bouncedRecipients": people}}
    whom["Complaint"] = {"complainedRecipients": people}
    return {
        "eventType": kind,
        "mail": {
            "timestamp": to_rfc3339(int(time.time() * 1_000)),
            "messageId": message_id,
            "destination": addresses,
            "headers": [{"name": name, "value": str(value)} for name, value in mail.items()],
            "tags": {tag["Name"]: [tag["Value"]] for tag in call.get("EmailTags", [])},
        },
        kind.lower(): told | whom.get(kind, {}),
    }
