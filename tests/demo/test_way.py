"""The way of a notification, from what the tracker stored: pure."""

from __future__ import annotations

from demo.page.way import way
from notifications.records import ChannelDecision, Decision, Event, Recipient
from notifications.store.port import LogEntry

T = 1_800_000_000_000


def decision(*channels: ChannelDecision) -> Decision:
    event = Event(
        lane="standard",
        priority="high",
        recipients=[Recipient("notif_1", "usr_1")],
        type="order_shipped",
        data={},
        now=T,
        accepted_at=T,
    )
    stamps = {"polled": T + 10, "routed": T + 30, "rendered": T + 35}
    return Decision(id="notif_1", user="usr_1", event=event, channels=list(channels), at=T + 40, stamps=stamps)


def cell(channel: str, status: str, *, attempt: int = 1, at: int = T + 90, **detail: object) -> LogEntry:
    return LogEntry(
        id="notif_1",
        user="usr_1",
        channel=channel,
        send="s1",
        attempt=attempt,
        status=status,
        rank=0,
        at=at,
        detail=detail,
    )


def test_each_stage_tells_what_it_took() -> None:
    sent = cell("email", "sent", started_at=T + 80, stamps={"polled": T + 60, "tracked": T + 100}, provider="ses")
    told = way([decision(ChannelDecision(channel="email", verdict="send", sends=["s1"]))], [sent])
    assert [(stage["name"], stage["ms"]) for stage in told["trunk"]] == [
        ("accepted", 0),
        ("log", 10),
        ("routed", 20),
        ("rendered", 5),
    ]
    lane = told["lanes"][0]
    assert [(stage["name"], stage["ms"]) for stage in lane["stages"]] == [
        ("queue", 20),
        ("provider", 30),
        ("tracked", 10),
    ]
    assert told["took_ms"] == 90


def test_what_waits_for_a_retry_says_when_and_why() -> None:
    failed = cell("email", "failed", due=T + 10_000, error="transient", stamps={"polled": T + 60})
    told = way([decision(ChannelDecision(channel="email", verdict="send", sends=["s1"]))], [failed])
    lane = told["lanes"][0]
    assert (lane["status"], lane["due"], told["took_ms"]) == ("failed", T + 10_000, None)
    assert lane["tries"][0]["words"] == "The provider couldn't take it just then."


def test_a_drop_has_its_words_and_no_stages() -> None:
    dropped = ChannelDecision(
        channel="push",
        verdict="drop",
        reason="opted_out",
        detail="The user turned push off.",
        setting="preference */push",
    )
    entry = LogEntry(
        id="notif_1", user="usr_1", channel="push", send="", attempt=0, status="dropped", rank=120, at=T + 40,
        detail={"reason": "opted_out", "setting": "preference */push"},
    )  # fmt: skip
    lane = way([decision(dropped)], [entry])["lanes"][0]
    assert (lane["bucket"], lane["why"], lane["setting"], lane["stages"]) == (
        "dropped",
        "The user turned push off.",
        "preference */push",
        [],
    )


def test_lanes_stand_in_the_order_of_the_channels() -> None:
    sends = [ChannelDecision(channel=name, verdict="send", sends=["s1"]) for name in ("sms", "in_app", "email")]
    assert [lane["channel"] for lane in way([decision(*sends)], [])["lanes"]] == ["in_app", "email", "sms"]
