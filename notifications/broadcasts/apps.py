from django.apps import AppConfig


class BroadcastsConfig(AppConfig):
    name = "notifications.broadcasts"
    label = "broadcasts"
