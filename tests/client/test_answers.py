"""What the client reads is what the server writes: every field it knows is one of the server's."""

from __future__ import annotations

import msgspec
import pytest
from notification_platform import answers, people, platform

from channels_app import entries, inbox_answers
from delivery import dead_letters_api
from notifications import sending
from notifications.api import preferences, status, types, users, whoami
from preferences import facts, matrix

PAIRS = [
    (answers.Accepted, sending.Accepted),
    (answers.NotificationStatus, status.NotificationStatus),
    (answers.ChannelStatus, status.ChannelStatus),
    (answers.TimelineEntry, status.TimelineEntry),
    (people.User, users.UserAnswer),
    (people.Device, users.DeviceAnswer),
    (people.Devices, users.DevicesAnswer),
    (people.QuietHours, facts.QuietHours),
    (people.PreferenceCell, matrix.MatrixCell),
    (people.Preferences, preferences.PreferencesAnswer),
    (people.InboxNotification, entries.InboxNotification),
    (people.InboxPage, inbox_answers.InboxAnswer),
    (people.InboxNews, inbox_answers.NewsAnswer),
    (people.InboxChange, inbox_answers.StateAnswer),
    (people.InboxCounts, inbox_answers.CountsAnswer),
    (platform.WhoAmI, whoami.WhoAmI),
    (platform.NotificationType, types.TypeAnswer),
    (platform.Types, types.TypesAnswer),
    (platform.DeadLetter, dead_letters_api.DeadLetterAnswer),
    (platform.DeadLetters, dead_letters_api.DeadLettersAnswer),
    (platform.DeadLetterGroup, dead_letters_api.DeadLetterGroup),
    (platform.DeadLetterGroups, dead_letters_api.DeadLetterGroupsAnswer),
]


@pytest.mark.parametrize(("read", "written"), PAIRS, ids=lambda kind: kind.__qualname__)
def test_every_field_is_one_of_the_servers(read, written):
    assert {field.name for field in msgspec.structs.fields(read)} == {
        field.encode_name for field in msgspec.structs.fields(written)
    }
