from django.urls import path

from accounts import held_views
from centres import administration_views as views

urlpatterns = [
    path("administration/accounts/", views.list_accounts, name="administration"),
    path("administration/accounts/make/", views.make_account, name="administration-make"),
    path("administration/accounts/<int:account_id>/", views.show_account, name="administration-account"),
    path("administration/accounts/<int:account_id>/held/", held_views.download_anothers, name="administration-held"),
    path("administration/accounts/<int:account_id>/rights/", views.assign, name="administration-assign"),
    path("administration/accounts/<int:account_id>/operators/", views.let_act, name="administration-let-act"),
    path(
        "administration/accounts/operators/<int:membership_id>/end/", views.end_acting, name="administration-end-acting"
    ),
    path("administration/accounts/<int:account_id>/link/", views.link_anew, name="administration-link"),
    path("administration/accounts/<int:account_id>/<str:step>/", views.take_step, name="administration-step"),
]
