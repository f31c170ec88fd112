"""Signing in and out, and what belongs to one's own account.

allauth finds its pages by the names `account_…` and `mfa_…`. Those of registering are left out.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path, re_path

from accounts import held_views, mail_views, session_views, token_views, views
from accounts.views import page

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="account_login"),
    path("sign-in/second-factor/", views.SignInFactor.as_view(), name="mfa_authenticate"),
    path("sign-out/", page(account.LogoutView, "sign_out"), name="account_logout"),
    path("language/", views.choose_language, name="choose-language"),
    path("closed/", page(account.AccountInactiveView, "closed"), name="account_inactive"),
    path("again/", page(account.ReauthenticateView, "again"), name="account_reauthenticate"),
    path("again/code/", page(mfa.ReauthenticateView, "again_code"), name="mfa_reauthenticate"),
    path("again/key/", views.AgainByKey.as_view(), name="mfa_reauthenticate_webauthn"),
    path("password/", page(account.PasswordChangeView, "password"), name="account_change_password"),
    path("password/first/", page(account.PasswordSetView, "password_first"), name="account_set_password"),
    path("password/forgotten/", page(account.PasswordResetView, "forgotten"), name="account_reset_password"),
    path(
        "password/forgotten/sent/",
        page(account.PasswordResetDoneView, "forgotten_sent"),
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/forgotten/(?P<uidb36>[0-9A-Za-z]{1,13})-(?P<key>[0-9A-Za-z-]{1,100})/$",
        page(account.PasswordResetFromKeyView, "forgotten_new"),
        name="account_reset_password_from_key",
    ),
    path(
        "password/forgotten/done/",
        page(account.PasswordResetFromKeyDoneView, "forgotten_done"),
        name="account_reset_password_from_key_done",
    ),
    path("mail/", mail_views.change_mail, name="account_email"),
    path("mail/confirm/<str:key>/", mail_views.ConfirmMail.as_view(), name="account_confirm_email"),
    path("second-factor/", page(mfa.IndexView, "second_factor"), name="mfa_index"),
    path("second-factor/app/", page(totp.ActivateTOTPView, "app"), name="mfa_activate_totp"),
    path("second-factor/app/remove/", views.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path("second-factor/keys/add/", page(webauthn.AddWebAuthnView, "key"), name="mfa_add_webauthn"),
    path("second-factor/keys/<int:pk>/remove/", views.RemoveKey.as_view(), name="mfa_remove_webauthn"),
    path(
        "second-factor/recovery-codes/",
        page(recovery_codes.ViewRecoveryCodesView, "recovery_codes"),
        name="mfa_view_recovery_codes",
    ),
    path(
        "second-factor/recovery-codes/new/",
        page(recovery_codes.GenerateRecoveryCodesView, "recovery_codes_new"),
        name="mfa_generate_recovery_codes",
    ),
    path("sessions/", session_views.list_sessions, name="sessions"),
    path("sessions/<int:session_id>/end/", session_views.end_session, name="session-end"),
    path("sessions/end-others/", session_views.end_others, name="sessions-end-others"),
    path("held/", held_views.show_own, name="held"),
    path("held/file/", held_views.download_own, name="held-file"),
    path("tokens/", token_views.list_tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke/", token_views.revoke_token, name="token-revoke"),
]
