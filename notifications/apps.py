from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        """Lends the editor of templates what it uses of this room."""
        from notifications.for_authors import FOR_AUTHORS
        from templates_app.above import lend

        lend(FOR_AUTHORS)
