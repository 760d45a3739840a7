"""The dashboard, the workbench, the controls, tokens, staff and the trail."""

from __future__ import annotations

from tests.delivery.staff.actions import ANYBODY, NOBODY, Action, choice

WHY = {"why": "a test"}
LETTERS, JOBS = "/admin/delivery/deadletter/", "/admin/delivery/letterjob/"
CONTROL, STAFF = "/admin/delivery/control/", "/admin/auth/user/"
CHANNEL, ACCOUNT = "delivery.control_channel", "delivery.control_account"
REPLAY, DROP = "delivery.replay_deadletter", "delivery.drop_deadletter"

ACTIONS = [
    Action("log in and see the index", ANYBODY, "/admin/"),
    Action("set up the second step", ANYBODY, f"{STAFF}second-step/"),
    Action("see the dashboard", "delivery.see_dashboard", "/admin/", shows="board.json"),
    Action("read the dashboard's figures", "delivery.see_dashboard", f"{CONTROL}board.json"),
    Action("open a minute", "delivery.see_notification", f"{CONTROL}minute/?minute=1"),
    Action("find a notification", "delivery.see_notification", f"{CONTROL}notification/"),
    Action("read a notification's story", "delivery.see_notification", f"{CONTROL}notification/notif_1/"),
    Action("pause a channel", CHANNEL, f"{CONTROL}channel/push/pause/", WHY),
    Action("drain a channel", CHANNEL, f"{CONTROL}channel/push/drain/", WHY),
    Action("resume a channel", CHANNEL, f"{CONTROL}channel/push/resume/", WHY),
    Action("hold a type", CHANNEL, f"{CONTROL}type/order_shipped/drain/", WHY),
    Action("pause an account", ACCOUNT, f"{CONTROL}account/ses/pause/", WHY),
    Action("resume an account", ACCOUNT, f"{CONTROL}account/ses/resume/", WHY),
    Action("change a rate", ACCOUNT, f"{CONTROL}account/ses/rate/", {**WHY, "rate": "5"}),
    Action("see the workbench", "delivery.view_deadletter", f"{LETTERS}workbench/"),
    Action("edit a dead letter", REPLAY, LETTERS + "{deadletter}/change/", {"edited_data": "{}"}),
    choice("replay chosen letters", REPLAY, LETTERS, "replay"),
    choice("drop chosen letters", DROP, LETTERS, "drop"),
    Action("ask about a group's replay", REPLAY, LETTERS + "workbench/{fingerprint}/replay/"),
    Action("ask about a group's drop", DROP, LETTERS + "workbench/{fingerprint}/drop/"),
    Action("list jobs", "delivery.view_letterjob", JOBS),
    Action("add a job without its letters", NOBODY, f"{JOBS}add/"),
    Action("look at a job", "delivery.view_letterjob", JOBS + "{letterjob}/change/"),
    Action("watch a job", "delivery.view_letterjob", JOBS + "{letterjob}/progress.json"),
    Action("stop a replay", REPLAY, JOBS + "{letterjob}/stop/", {}),
    Action("resume a replay", REPLAY, JOBS + "{letterjob}/resume/", {}),
    Action("undo a replay", REPLAY, JOBS + "{letterjob}/undo/", {}),
    Action("replay a group", REPLAY, LETTERS + "workbench/{fingerprint}/replay/", {**WHY, "most": 1, "rate": 1}),
    Action("drop a group", DROP, LETTERS + "workbench/{fingerprint}/drop/", {**WHY, "most": 1, "rate": 1}),
    choice("put a record back", "delivery.change_quarantinedrecord", "/admin/delivery/quarantinedrecord/", "retry"),
    choice("revoke a token", "notifications.issue_token", "/admin/notifications/servicetoken/", "revoke"),
    choice("reset a second step", "auth.change_user", STAFF, "reset_second_step"),
    Action("set somebody's password", "auth.change_user", STAFF + "{user_of_admin}/password/"),
    Action("export the audit trail", "auditlog.view_logentry", "/admin/auditlog/logentry/csv/"),
]
