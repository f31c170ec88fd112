"""Every setting of Originmark, read from the environment; `.env.example` lists them.

A secret may also be given as a file: ``SECRET_KEY_FILE`` names a file that holds ``SECRET_KEY``. A wrong value
stops the start with a sentence that names it.
"""

import os
import re
from datetime import timedelta
from pathlib import Path

import dj_database_url
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


def text(name: str, default: str = "") -> str:
    """The setting `name`, from the file that ``name_FILE`` gives, else from the environment."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read ({error.strerror}).") from error
    return os.environ.get(name, default)


def flag(name: str, default: bool) -> bool:
    """The setting `name` as true or false."""
    value = text(name, str(default)).lower()
    if value not in ("true", "false"):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be true or false.")
    return value == "true"


def number(name: str, default: int) -> int:
    """The setting `name` as a whole number."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number.")
    return int(value)


def rate(name: str, default: str) -> str:
    """The setting `name` as how often something may be done, such as ``60/minute``; empty: as often as one likes."""
    value = text(name, default)
    if value and not re.fullmatch(r"[1-9][0-9]{0,6}/(second|minute|hour|day)", value, re.ASCII):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a number a time, such as {default}, or empty.")
    return value


def address(name: str, default: str, schemes: tuple[str, ...]) -> str:
    """The setting `name` as the address of a server, which begins with one of `schemes`."""
    value = text(name, default)
    scheme, _, rest = value.partition("://")
    if scheme not in schemes or not rest:
        due = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ImproperlyConfigured(f"{name} must begin with {due}, and name a server behind it.")
    return value


def days(name: str, default: str) -> list[int]:
    """The setting `name` as whole numbers of days from a date, below nought before it, commas between; or none."""
    value = text(name, default)
    found = [part.strip() for part in value.split(",")] if value.strip() else []
    if not all(re.fullmatch(r"[+-]?[0-9]{1,2}", part, re.ASCII) for part in found):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be whole numbers of days, such as {default}.")
    return sorted({int(part) for part in found})


DEBUG = flag("DEBUG", True)
SECRET_KEY = text("SECRET_KEY")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY is not set; production needs one (or SECRET_KEY_FILE).")
    SECRET_KEY = "development only: " + "x" * 50
ALLOWED_HOSTS = text("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

VAR_DIR = Path(text("VAR_DIR", str(BASE_DIR / "var")))
# The originals of what operators filed, named by their SHA-256.
FILES_DIR = VAR_DIR / "files"

# `make run` loads an invented country to try the register with. Turn it off where anybody is to file.
DEMONSTRATION = flag("DEMONSTRATION", True)

# For so many days a sender can say that a filing in its name is not its own.
REPUDIATION_DAYS = number("REPUDIATION_DAYS", 30)

# Where people reach the register: mails lead there.
SITE_URL = address("SITE_URL", "http://127.0.0.1:8000", ("http", "https")).rstrip("/")
# The trail: a key of its own that signs its heads (PEM; unset: one is made in VAR_DIR), the keys before it (their
# public halves in hexadecimal, commas between), who is mailed each hour's head, and how often events are sealed.
AUDIT_SIGNING_KEY = text("AUDIT_SIGNING_KEY")
AUDIT_FORMER_PUBLIC_KEYS = [key for key in text("AUDIT_FORMER_PUBLIC_KEYS").split(",") if key]
if not all(re.fullmatch(r"[0-9a-f]{64}", key, re.ASCII) for key in AUDIT_FORMER_PUBLIC_KEYS):
    raise ImproperlyConfigured(
        "AUDIT_FORMER_PUBLIC_KEYS must be Ed25519 public keys of 64 hexadecimal digits, with commas between."
    )
AUDIT_HEAD_MAIL = text("AUDIT_HEAD_MAIL")
AUDIT_SEAL_SECONDS = number("AUDIT_SEAL_SECONDS", 5)

# So many days from a due date people are reminded of what they have not filed.
REMINDER_DAYS = days("REMINDER_DAYS", "-7,-1,1,7")

EMAIL_HOST = text("EMAIL_HOST")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = flag("EMAIL_USE_SSL", False)
if EMAIL_USE_TLS and EMAIL_USE_SSL:
    raise ImproperlyConfigured("EMAIL_USE_TLS and EMAIL_USE_SSL are both true; one of the two is how a server speaks.")
EMAIL_PORT = number("EMAIL_PORT", 465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER = text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = text("EMAIL_HOST_PASSWORD")
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL") or ("" if EMAIL_HOST else "Originmark <originmark@localhost>")
if not DEFAULT_FROM_EMAIL:
    raise ImproperlyConfigured("DEFAULT_FROM_EMAIL is not set; with EMAIL_HOST, mails need a sender.")
if EMAIL_HOST and not text("SITE_URL"):
    raise ImproperlyConfigured("SITE_URL is not set; with EMAIL_HOST, mails need an address that they lead to.")
if not EMAIL_HOST:
    # What would be sent can be read there.
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"

INSTALLED_APPS = [
    "config",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "template_partials",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "axes",
    "accounts",
    "centres",
    "chips",
    "compliance",
    "reports",
    "demonstration",
]

MIDDLEWARE = [
    # What stands before static files holds for them too.
    "config.headers.BrowserHeaders",
    "csp.middleware.CSPMiddleware",
    "config.arrivals.ClientAddress",
    "config.headers.NoPlainApi",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "config.arrivals.KnownLengths",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.trail.middleware.WhoIsAsking",
    "config.rates.Rates",
    # Before the token against forgery is looked for, which stands in the body.
    "accounts.middleware.BoundedBodies",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.second_factor.SecondFactorFirst",
    "accounts.middleware.PrivateAnswers",
    "django_htmx.middleware.HtmxMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "centres.context.provenance",
                "config.menu.menu",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]

DATABASE_URL = address("DATABASE_URL", "postgres://postgres@127.0.0.1/originmark", ("postgres", "postgresql"))
# Ours tells PostgreSQL with every transaction who is asking.
DATABASES = {
    "default": dj_database_url.parse(DATABASE_URL, engine="accounts.postgres", conn_max_age=60, conn_health_checks=True)
}
# A pooler that shares connections by transactions loses what is left open between two of them.
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = flag("DATABASE_POOLED", False)
# As whom `manage.py migrate` logs in, who owns the tables. All else logs in as a role that owns none and passes by no
# policy of theirs (`accounts.wall`); where both are one, PostgreSQL holds nobody back but by FORCE.
DATABASE_OWNER_URL = address("DATABASE_OWNER_URL", DATABASE_URL, ("postgres", "postgresql"))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.backends.PasswordBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "account_login"
# How long a session lasts after somebody last showed who they are, whatever else is done in it.
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = number("SESSION_HOURS", 12) * 3600

# Nobody registers: accounts are made by administrators, and by invitation.
# A link to a password works for so long (the mails say three days).
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
# A link is void once the account's address is another. allauth's own would be where another is no more than asked for.
# (The rule goes by the setting's name, which is allauth's: what is said is the path of a class, and no password.)
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_FORMS = {
    "add_email": "accounts.forms.MailForm",
    "change_password": "accounts.forms.PasswordForm",
    "reset_password": "accounts.forms.ForgottenForm",
    "user_token": "accounts.forms.LinkForm",
    "reset_password_from_key": "accounts.forms.ForgottenNewForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# An account has one address; another takes its place by a link that is sent there, for so many days (the mail says so).
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
# Who attests, decides or grants shows again who they are when they last did so longer ago than this.
ACCOUNT_REAUTHENTICATION_TIMEOUT = number("REAUTHENTICATION_MINUTES", 10) * 60
MFA_FORMS = {
    "authenticate": "accounts.forms.FactorForm",
    "authenticate_webauthn": "accounts.forms.KeyForm",
    "reauthenticate": "accounts.forms.FactorAgainForm",
    "reauthenticate_webauthn": "accounts.forms.KeyAgainForm",
}
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Originmark"
# A clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Addresses of mail are given by who makes the account, so that none is unproven.
MFA_ALLOW_UNVERIFIED_EMAIL = True

# `config.arrivals.ClientAddress` has put who asks in place of our proxies already.
ALLAUTH_TRUSTED_PROXY_COUNT = 0
# After so many failures an account is locked for the address that they came from, and for no other: whoever could lock
# an operator out everywhere would do so on the last day to file.
AXES_FAILURE_LIMIT = number("SIGN_IN_FAILURES", 5)
AXES_COOLOFF_TIME = timedelta(minutes=number("LOCK_OUT_MINUTES", 15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# What is tried meanwhile does not put the end off, which was told.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "accounts.addresses.address_of"
AXES_USERNAME_CALLABLE = "accounts.lock_out.name_tried"
AXES_LOCKOUT_CALLABLE = "accounts.lock_out.answer_locked"
AXES_SENSITIVE_PARAMETERS = ["login", "code", "credential", "password", "password1", "password2", "oldpassword"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
# One account from many addresses, and one address with many accounts; a code of a second factor is tried likewise.
# How often an address signs in is counted by `config.rates`.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "20/5m/key",
    "login": None,
    # Each sends a mail to wherever somebody says; a second one to the same address is the way to a lost link.
    "manage_email": "10/h/user",
    "confirm_email": None,
}

# Another system that people sign in by (OpenID Connect): off where none is named.
OIDC_SERVER_URL = text("OIDC_SERVER_URL") and address("OIDC_SERVER_URL", "", ("https", "http")).rstrip("/")
OIDC_NAME = text("OIDC_NAME", "Single sign-on")
if OIDC_SERVER_URL and not (text("OIDC_CLIENT_ID") and text("OIDC_CLIENT_SECRET")):
    raise ImproperlyConfigured("OIDC_CLIENT_ID or OIDC_CLIENT_SECRET is not set; OIDC_SERVER_URL needs both.")
if OIDC_SERVER_URL.startswith("http://") and not DEBUG:
    raise ImproperlyConfigured("OIDC_SERVER_URL must begin with https://: who listens could sign in as anybody.")
SOCIALACCOUNT_ADAPTER = "accounts.single_sign_on.SignOnAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": OIDC_NAME,
                "client_id": text("OIDC_CLIENT_ID"),
                "secret": text("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ]
        if OIDC_SERVER_URL
        else [],
    }
}

# What all processes must know of at once, such as that a code was used: kept where nothing else must run for it.
CACHES = {
    "default": {
        "BACKEND": "accounts.cache.SharedCache",
        "LOCATION": "shared_cache",
        # Of more than 300, which is the default, a third would be forgotten: codes that were used, and failures.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
# Days are written alike in both languages, and thousands are told apart.
FORMAT_MODULE_PATH = "config.formats"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = Path(text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
if not DEBUG:
    # Names carry the hash of what is in them, so that a browser may keep a file for good.
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

# Django writes to the console in development alone, and else mails to administrators whom nobody named: what went wrong
# in a request is written down by whoever runs the processes.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO"},
        # What was refused stands in the trail; of 500s the whole trace is written.
        "django.request": {"level": "ERROR"},
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        # Nothing but what is named here, and nothing that stands in a page itself: no script, no style.
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        # The style sheets draw their small marks themselves.
        "img-src": ["'self'", "data:"],
        "manifest-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        # A form that leads on to the other system must be let go there.
        "form-action": ["'self'", *["/".join(OIDC_SERVER_URL.split("/")[:3])][: bool(OIDC_SERVER_URL)]],
        "object-src": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Off only for a development server, which speaks plain HTTP on loopback.
SECURE = flag("SECURE", not DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = SECURE
# Pages hand their scripts the token against forgery; none reads it from its cookie.
CSRF_COOKIE_HTTPONLY = True
if SECURE:
    # By these names a browser takes no cookie that another host of the domain, or a plain connection, has set.
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    LANGUAGE_COOKIE_NAME = "__Host-language"
# Supervisors and load balancers ask over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]
# A browser offers security keys over plain HTTP on loopback alone, and then the origin has no https.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
SECURE_HSTS_SECONDS = number("HSTS_SECONDS", 31_536_000) if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE

# So many proxies of our own stand between web and who asks.
PROXIES = number("PROXIES", 0)
# So much is kept of what one operator sends, and so many of its files wait to be read at once.
STORAGE_PER_OPERATOR_MIB = number("STORAGE_PER_OPERATOR_MIB", 5120)
UPLOADS_WAITING_PER_OPERATOR = number("UPLOADS_WAITING_PER_OPERATOR", 5)
# Of a process of web, which has four threads, so many read what programs send.
READERS_OF_WEB = number("READERS_OF_WEB", 2)
# How often may be asked: an office of hundreds may share an address, and a program files for many centres.
RATE_PER_ADDRESS = rate("RATE_PER_ADDRESS", "3000/minute")
RATE_PER_ACCOUNT = rate("RATE_PER_ACCOUNT", "900/minute")
# Of these the writes of an account; and of an address those of nobody who is signed in.
RATE_OF_WRITES = rate("RATE_OF_WRITES", "240/minute")
RATE_OF_SIGN_INS = rate("RATE_OF_SIGN_INS", "60/minute")

# What holds for a view that says nothing else; `accounts.rest.Answer` says more.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["config.throttle.Throttle"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "accounts.problems.answer_problem",
    # `format` is a parameter like others.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Originmark",
    "DESCRIPTION": "The register of computing centres under the domestic-chip mandates.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api.describe_refusals",
    ],
    "ENUM_NAME_OVERRIDES": {
        "SubmissionStatus": "chips.models.SubmissionStatus",
        "LineStatus": "chips.models.LineStatus",
        "CentreStatus": "centres.models.CentreStatus",
        "RunStatus": "reports.models.RunStatus",
        "SimulationStatus": "compliance.models.SimulationStatus",
        "Outcome": "compliance.models.Outcome",
    },
}

REDIS_URL = address("REDIS_URL", "redis://127.0.0.1:6379/0", ("redis", "rediss"))
CELERY_BROKER_URL = REDIS_URL
CELERY_TIMEZONE = TIME_ZONE
# JSON only, and ids only, in messages: the broker rings, PostgreSQL remembers.
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# How often beat looks for work that nobody took, and for reports that are due.
SWEEP_SECONDS = number("SWEEP_SECONDS", 30)
CELERY_BEAT_SCHEDULE = {
    "sweep determination requests": {"task": "compliance.tasks.sweep_requests", "schedule": SWEEP_SECONDS},
    "check originals": {"task": "chips.tasks.check_originals", "schedule": crontab(hour="2", minute="30")},
    "sweep simulations": {"task": "compliance.tasks.sweep_simulations", "schedule": SWEEP_SECONDS},
    "sweep uploads": {"task": "chips.tasks.sweep_uploads", "schedule": SWEEP_SECONDS},
    # Hourly through the day, so that what was missed at nine is made up for; an occasion is written down once.
    "send reminders": {"task": "chips.tasks.send_reminders", "schedule": crontab(hour="9-18", minute="0")},
    "sweep invitations": {"task": "centres.tasks.sweep_invitations", "schedule": SWEEP_SECONDS},
    "sweep reminders": {"task": "chips.tasks.sweep_reminders", "schedule": SWEEP_SECONDS},
    "sweep ended periods": {"task": "compliance.tasks.sweep_ended_periods", "schedule": SWEEP_SECONDS},
    "sweep ended exemptions": {"task": "compliance.tasks.sweep_ended_exemptions", "schedule": SWEEP_SECONDS},
    "send exemption notices": {
        "task": "compliance.tasks.send_exemption_notices",
        "schedule": crontab(hour="9-18", minute="5"),
    },
    "sweep exemption notices": {"task": "compliance.tasks.sweep_exemption_notices", "schedule": SWEEP_SECONDS},
    # By the day's first minutes, and again where no worker was there.
    "move centres": {"task": "centres.tasks.move_centres", "schedule": crontab(minute="3")},
    "sweep stale periods": {"task": "compliance.tasks.sweep_stale_periods", "schedule": crontab(hour="1", minute="10")},
    "sweep outlooks": {"task": "compliance.tasks.sweep_outlooks", "schedule": SWEEP_SECONDS},
    # Often enough for what is looked at over quarters, and seldom enough while a whole country files.
    "request stale outlooks": {"task": "compliance.tasks.request_stale_outlooks", "schedule": crontab(minute="40")},
    "start due reports": {"task": "reports.tasks.start_due_reports", "schedule": SWEEP_SECONDS},
    "sweep report runs": {"task": "reports.tasks.sweep_report_runs", "schedule": SWEEP_SECONDS},
    "seal the trail": {
        "task": "accounts.tasks.seal_trail",
        "schedule": AUDIT_SEAL_SECONDS,
        # One that waited for a busy worker does what all of them would have done.
        "options": {"expires": AUDIT_SEAL_SECONDS},
    },
    "publish the head of the trail": {"task": "accounts.tasks.publish_head", "schedule": crontab(minute="0")},
    "take up assignments": {"task": "accounts.tasks.take_up_assignments", "schedule": SWEEP_SECONDS},
    "forget idempotency keys": {
        "task": "accounts.tasks.forget_idempotency_keys",
        "schedule": crontab(hour="3", minute="0"),
    },
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
# A broker that is away is told at once, and not tried again while somebody waits for a page: what was to be done stands
# in PostgreSQL, and is swept up.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 5, "max_retries": 0}
