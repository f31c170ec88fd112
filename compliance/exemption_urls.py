from django.urls import path

from compliance import exemption_views as views

urlpatterns = [
    path("exemptions/", views.list_exemptions, name="exemptions"),
    path("exemptions/export/", views.export_exemptions, name="exemption-export"),
    path("exemptions/propose/", views.propose_exemption, name="exemption-propose"),
    path("exemptions/<int:exemption_id>/", views.show_exemption, name="exemption"),
    path("exemptions/<int:exemption_id>/approve/", views.approve_exemption, name="exemption-approve"),
    path("exemptions/<int:exemption_id>/send-back/", views.send_exemption_back, name="exemption-send-back"),
    path("exemptions/<int:exemption_id>/withdraw/", views.withdraw_exemption, name="exemption-withdraw"),
    path("exemptions/<int:exemption_id>/revoke/", views.revoke_exemption, name="exemption-revoke"),
    path("exemptions/requests/<int:request_id>/", views.show_request, name="exemption-request"),
    path("exemptions/requests/<int:request_id>/grant/", views.grant_request, name="exemption-request-grant"),
    path("exemptions/requests/<int:request_id>/refuse/", views.refuse_request, name="exemption-request-refuse"),
    path("exemptions/requests/<int:request_id>/withdraw/", views.withdraw_request, name="exemption-request-withdraw"),
    path("centres/<code:code>/exemptions/ask/", views.ask_exemption, name="exemption-ask"),
]
