from django.urls import path

from compliance import hand_decision_views as views

urlpatterns = [
    path("case-by-case/", views.list_by_hand, name="case-by-case"),
    path("case-by-case/<int:provision_id>/<code:code>/", views.show_by_hand, name="hand-decision"),
    path("case-by-case/<int:provision_id>/<code:code>/decide/", views.decide_by_hand, name="hand-decision-decide"),
]
