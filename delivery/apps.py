from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "delivery"

    def ready(self) -> None:
        """The room of broadcasts hears of the providers' rates."""
        from delivery.broadcasts.drains import rate_of_channel
        from notifications.broadcasts import drains

        drains.told_by(rate_of_channel)
