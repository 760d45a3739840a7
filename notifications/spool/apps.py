from django.apps import AppConfig


class SpoolConfig(AppConfig):
    name = "notifications.spool"
    label = "spool"
