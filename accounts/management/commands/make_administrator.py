"""`manage.py make_administrator NAME EMAIL`: the first administrator, who makes all other accounts on a page."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import administration
from accounts.forms import UsernameField


class Command(BaseCommand):
    help = "Make an administrator's account, and print the link by which its person sets the password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the name to sign in with")
        parser.add_argument("email")
        parser.add_argument("--language", default="zh-hans", choices=[code for code, _name in settings.LANGUAGES])

    def handle(self, *args: Any, name: str, email: str, language: str, **options: Any) -> None:
        try:
            username = UsernameField().clean(name)
            account = administration.make_administrator(username=username, email=email, language=language)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except administration.NameTaken as error:
            raise CommandError(f"Somebody is called {name} already.") from error
        self.stdout.write(administration.link_to_password(account))
