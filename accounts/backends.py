"""Names and passwords, which the register itself looks up: before that nobody knows who comes."""

from allauth.account.auth_backends import AuthenticationBackend

from accounts.asking import asked_by_register


class PasswordBackend(AuthenticationBackend):
    """allauth's look at name and password, as long as it lasts in the register's name and no longer."""

    authenticate = asked_by_register()(AuthenticationBackend.authenticate)
