from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "compliance"

    def ready(self) -> None:
        # Connects what follows when a submission is accepted.
        from compliance import requests  # noqa: F401
