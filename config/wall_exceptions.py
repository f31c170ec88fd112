"""What reaches models past `visible_to(user)` and may, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Exempt:
    """Something right that breaks the rule, and why it is right."""

    module: str
    within: str
    written: str
    reason: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.module, self.within, self.written


EXCEPTIONS = (
    Exempt(
        "accounts/idempotency.py", "_kept", "IdempotencyKey.objects.bulk_create",
        "The user's own key is written; it is looked up within what is the user's.",
    ),
    Exempt(
        "accounts/idempotency.py", "forget", "IdempotencyKey.objects.filter",
        "Old keys are forgotten by the register itself, of everybody.",
    ),
    Exempt(
        "accounts/adapters.py", "SecondFactorAdapter.can_delete_authenticator", "Authenticator.objects.filter",
        "The other factors of whose factor it is; the table is allauth's.",
    ),
    Exempt(
        "accounts/adapters.py", "AccountAdapter.confirm_email", "EmailAddress.objects.filter",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "accounts/adapters.py", "AccountAdapter.confirm_email", "User.objects.filter",
        "Whether another account has the address is told to who has shown that they read its mail.",
    ),
    Exempt(
        "accounts/second_factor.py", "has_one", "Authenticator.objects.filter",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "accounts/second_factor.py", "with_one", "Authenticator.objects.filter",
        "Of the accounts that the asker may see; the table is allauth's.",
    ),
    Exempt(
        "accounts/session_views.py", "list_sessions", "UserSession.objects.purge_and_list",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "accounts/session_views.py", "_own", "UserSession.objects.filter",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "accounts/lock_out.py", "ends_at", "AccessAttempt.objects.filter",
        "Whoever tried is told until when its own address is locked out; the table is axes'.",
    ),
    Exempt(
        "accounts/rest.py", "Resource.get_queryset", "found.visible_to(self.user).order_by(self.ordering)",
        "The order is the class's own, which stands there.",
    ),
    Exempt(
        "accounts/single_sign_on.py", "_vouched_for", "User.objects.filter",
        "Nobody is signed in yet: it finds out who comes.",
    ),
    Exempt(
        "accounts/single_sign_on.py", "SignOn.lookup", "User.objects.select_for_update",
        "The account that was found; nobody is signed in yet.",
    ),
    Exempt(
        "accounts/single_sign_on.py", "is_known", "SocialAccount.objects.filter",
        "Of an account that the asker may see; the table is allauth's.",
    ),
    Exempt(
        "accounts/single_sign_on.py", "SignOn.lookup", "SocialAccount.objects.filter",
        "Nobody is signed in yet: it finds out who comes; the table is allauth's.",
    ),
    Exempt(
        "accounts/single_sign_on.py", "SignOn.lookup", "SocialAccount.objects.get_or_create",
        "It keeps what the other system calls whoever was found; the table is allauth's.",
    ),
    Exempt(
        "accounts/invitations.py", "accept", "Invitation.objects.open_at",
        "Its link is the right to accept it; who comes by it sees no invitations.",
    ),
    Exempt(
        "accounts/invitations.py", "accept", "Membership.objects.create",
        "The membership of who accepts is written.",
    ),
    Exempt(
        "accounts/trail/reading.py", "chosen", "User.objects.filter",
        "Whoever may read the trail reads in it who did what.",
    ),
    Exempt(
        "accounts/trail/reading.py", "told", "User.objects.filter",
        "Whoever may read the trail reads in it who did what.",
    ),
    Exempt(
        "accounts/forms.py", "UsernameField.clean", "User.objects.filter",
        "A name to sign in with is given once in the whole register.",
    ),
    Exempt(
        "accounts/forms.py", "ForgottenForm.clean_email", "User.objects.filter",
        "Whose address it is, is told to nobody: they are sent a mail.",
    ),
    Exempt(
        "accounts/forms.py", "MailForm.save", "EmailAddress.objects.filter",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "accounts/forms.py", "waiting_of", "EmailAddress.objects.filter",
        "The user's own; the table is allauth's.",
    ),
    Exempt(
        "centres/people_views.py", "_page", "Operator.objects.get",
        "Who comes by an invitation's link is told for which operator it is.",
    ),
    Exempt(
        "centres/context.py", "_has_synthetic", "Centre.objects.filter",
        "Whether the register holds synthetic centres is said on every page, to whoever is not signed in, too.",
    ),
    Exempt(
        "centres/records.py", "changed_record", "CentreRecord(**known | dict(facts))",
        "The facts are those that `FACTS` names, in the form and in the table.",
    ),
    Exempt(
        "chips/review.py", "waiting", "'confirmations'",
        "How many answers go with an inventory, to the regulator who may see it and them.",
    ),
    Exempt(
        "chips/timeliness_api.py", "Timeliness.get_queryset", "ledger.expected_centres().order_by(self.ordering)",
        "The order is the class's own, which stands there.",
    ),
    Exempt(
        "chips/serials.py", "claimed_elsewhere", "connection.cursor()",
        "A regulator is told that a number stands elsewhere too, and only within its provinces where: the statement "
        "itself asks which those are.",
    ),
    Exempt(
        "chips/catalogue_views.py", "_decisions", "chip.adoptions.all",
        "Fetched with the chip, within what the reader may see.",
    ),
    Exempt(
        "chips/catalogue_views.py", "_figures", "chip.adoptions.all",
        "Fetched with the chip, within what the reader may see.",
    ),
    Exempt(
        "chips/views.py", "show_submission", "Upload.objects.filter",
        "Who may read a submission is told how its file was read; the file's own page is the operator's alone.",
    ),
    Exempt(
        "compliance/rollup_sums.py", "_chosen",
        "found.filter(**{fields[key]: value for key, value in asked.chosen.items()})",
        "The fields are those of a table of the module: a key that is none of them is a KeyError.",
    ),
    Exempt(
        "compliance/rollup_sums.py", "_of_stock", "rollups.values(**_keys(asked, _STOCK))",
        "The names are made of `KEYS`, the columns are those of a table of the module.",
    ),
    Exempt(
        "compliance/rollup_sums.py", "_summed", "chosen.values(**_keys(asked, fields))",
        "The names are made of `KEYS`, the columns are those of a table of the module.",
    ),
    Exempt(
        "compliance/stories.py", "telling_two_stories", "current__isnull",
        "Whether a determination stands now is told to whoever may see it.",
    ),
    Exempt(
        "compliance/determination_api.py", "Determinations", "'current'",
        "Whether a determination stands now is told to whoever may see it.",
    ),
    Exempt(
        "compliance/outlook/page.py", "errors_for", "outlooks__gte",
        "A number of the row itself that happens to bear that name.",
    ),
    Exempt(
        "compliance/mandates.py", "create_mandate", "Mandate(**columns)",
        "The columns are the fields of the one form that is written to it.",
    ),
    Exempt(
        "compliance/plan_page.py", "answer_to", "question.chips.values",
        "A dictionary of the catalogue's chips that happens to bear that name.",
    ),
    Exempt(
        "compliance/hand_decisions.py", "matching", "Q(**{f'{name}__isnull': True})",
        "The names are the two that `_nullable` gives.",
    ),
    Exempt(
        "compliance/provisions.py", "write", "Provision.objects.create(**_columns(mandate, document))",
        "The columns are the seven that `_written` names.",
    ),
    Exempt(
        "compliance/provisions.py", "unsaved", "Provision(**_written(document))",
        "The columns are the seven that `_written` names.",
    ),
    Exempt(
        "compliance/known.py", "_is_made_good", "Determination.objects.filter(**{wrong.column: wrong.known})",
        "The column is one of those that `compliance.known` compares.",
    ),
    Exempt(
        "reports/build.py", "_show_life", "held.update(**changes)",
        "A function of the module gives literal names; nothing of a request comes here.",
    ),
    Exempt(
        "config/health.py", "_database_answers", "connection.cursor()",
        "It asks the database for a one.",
    ),
    Exempt("templates/chips/receipt.html", "", "lines", "A number on the receipt, and no relation."),
)  # fmt: skip
