from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DeliveryConfig(AppConfig):
    name = "delivery"

    def ready(self) -> None:
        """Roles are made whenever tables are; the room of broadcasts hears of the providers' rates."""
        from delivery import roles
        from delivery.broadcasts.drains import rate_of_channel
        from notifications.broadcasts import drains

        post_migrate.connect(roles.after_migration, dispatch_uid="delivery.roles")
        drains.told_by(rate_of_channel)
