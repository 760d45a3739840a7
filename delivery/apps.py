from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DeliveryConfig(AppConfig):
    name = "delivery"

    def ready(self) -> None:
        """Roles are made whenever tables are."""
        from delivery import roles

        post_migrate.connect(roles.after_migration, dispatch_uid="delivery.roles")
