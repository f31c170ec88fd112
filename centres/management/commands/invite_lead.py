"""`manage.py invite_lead OPERATOR EMAIL`: an administrator asks the first of an operator's people."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import invitations
from centres import people
from centres.models import Operator


class Command(BaseCommand):
    help = "Ask by mail who is to lead an operator's people: they invite the others themselves."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("operator", type=int, help="the operator's number, as /api/v1/operators/ tells it")
        parser.add_argument("email")
        parser.add_argument("--language", default="zh-hans", choices=[code for code, _name in settings.LANGUAGES])

    def handle(self, *args: Any, operator: int, email: str, language: str, **options: Any) -> None:
        if not Operator.objects.filter(pk=operator).exists():
            raise CommandError(f"There is no operator {operator}; /api/v1/operators/ lists them.")
        now = timezone.now()
        invitations.invite(operator_id=operator, email=email, is_lead=True, language=language, by=None, now=now)
        people.send_unsent(now)
        self.stdout.write(f"{email} is asked by mail.")
