from django.apps import AppConfig


class DueConfig(AppConfig):
    name = "notifications.due"
    label = "due"
