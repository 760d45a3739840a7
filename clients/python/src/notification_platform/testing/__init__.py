"""A platform to test one's own code with: it takes and refuses as the real one, keeps what it took, sends nothing.

    from notification_platform.testing import FakePlatform

    platform = FakePlatform(types=["order_shipped"])
    ship(order, platform.client())
    assert platform.sent[0].data["tracking_number"] == "TR1"

Needs the extra `testing`.
"""

from notification_platform.testing.platform import FakePlatform, Sent
from notification_platform.testing.refusing import FakeType

__all__ = ["FakePlatform", "FakeType", "Sent"]
