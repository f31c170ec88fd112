from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "compliance"

    def ready(self) -> None:
        # Models can be imported only now.
        from centres.records import moved, recorded
        from chips.catalogue import adopted
        from chips.submissions import accepted, repudiated
        from compliance import requests, touched, whereabouts

        accepted.connect(requests.determine_what_was_accepted)
        repudiated.connect(requests.determine_what_was_repudiated)
        adopted.connect(touched.redo_what_was_adopted)
        recorded.connect(touched.redo_what_was_recorded)
        moved.connect(whereabouts.follow)
