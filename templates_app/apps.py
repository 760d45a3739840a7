from django.apps import AppConfig


class TemplatesConfig(AppConfig):
    name = "templates_app"
    verbose_name = "Templates"

    def ready(self) -> None:
        """Connects the signals, and tells the forms about people which types there are."""
        from preferences import type_names
        from templates_app import signals  # noqa: F401
        from templates_app.catalog import get_catalog

        type_names.ask_by(lambda: get_catalog().names())
