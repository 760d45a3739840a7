from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "delivery.providers.sandbox"
    label = "sandbox"
