"""Somebody who has just signed in, with all that their role needs."""

import time
from typing import Any


def signed_in(user: Any) -> Any:
    """A client of Django's in which `user` showed a password and a second factor a moment ago."""
    from django.test import Client

    client = Client(headers={"Host": "localhost"})
    client.force_login(user)
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [{"method": way, "at": time.time()} for way in ("password", "mfa")]
    session.save()
    return client
