"""`manage.py take_sign_ons_off`: nobody is known to the other system any more, which another has taken the place of."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts import administration


class Command(BaseCommand):
    help = "Take the sign-on by the other system off all accounts: people are known anew by their mail addresses."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{administration.take_all_sign_ons_off()} sign-ons were taken off.")
