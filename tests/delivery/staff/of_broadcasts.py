"""Broadcasts: written, proposed, approved, steered, recalled."""

from __future__ import annotations

from tests.delivery.staff.actions import Action

BROADCAST = "/admin/broadcasts/broadcast/{broadcast}/"
VIEW, CONTROL, APPROVE = (f"broadcasts.{verb}_broadcast" for verb in ("view", "control", "approve"))

ACTIONS = [
    Action("watch a broadcast", VIEW, f"{BROADCAST}live/"),
    Action("see its estimate", VIEW, f"{BROADCAST}estimate/"),
    Action("find one of its users", VIEW, f"{BROADCAST}one/?user=usr_1"),
    Action(
        "see the fields of a type's variables",
        "broadcasts.add_broadcast",
        "/admin/broadcasts/broadcast/variables/?type=order_shipped",
    ),
    Action("change a draft", "broadcasts.add_broadcast", f"{BROADCAST}edit/"),
    Action("propose a broadcast", "broadcasts.start_broadcast", f"{BROADCAST}do/submit/", {}),
    Action("approve a broadcast", APPROVE, f"{BROADCAST}do/approve/", {}),
    Action("send a broadcast back", APPROVE, f"{BROADCAST}refuse/", {"why": "a test"}),
    Action("pause a broadcast", CONTROL, f"{BROADCAST}do/pause/", {}),
    Action("change its rate", CONTROL, f"{BROADCAST}rate/", {"stop": "1"}),
    Action("resume a broadcast", CONTROL, f"{BROADCAST}do/resume/", {}),
    Action("cancel a broadcast", CONTROL, f"{BROADCAST}do/cancel/", {}),
    Action("recall a broadcast", "broadcasts.recall_broadcast", f"{BROADCAST}do/recall/", {}),
]
