from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "notifications.store"
    label = "store"
