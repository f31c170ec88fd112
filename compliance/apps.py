from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "compliance"

    def ready(self) -> None:
        # Models can be imported only now.
        from chips.submissions import accepted, repudiated
        from compliance.requests import determine_what_was_accepted, determine_what_was_repudiated

        accepted.connect(determine_what_was_accepted)
        repudiated.connect(determine_what_was_repudiated)
