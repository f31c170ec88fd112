"""Sessions, which the register itself looks up: before that nobody knows who asks."""

from django.contrib.sessions.backends import db

from accounts.asking import asked_by_register

by_register = asked_by_register()


class SessionStore(db.SessionStore):
    """Django's sessions in the database: their keys are shown to nobody, since whoever has one is signed in."""

    load = by_register(db.SessionStore.load)
    exists = by_register(db.SessionStore.exists)
    save = by_register(db.SessionStore.save)
    delete = by_register(db.SessionStore.delete)
