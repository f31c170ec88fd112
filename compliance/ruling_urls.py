from django.urls import path

from compliance import ruling_views as views

urlpatterns = [
    path("case-by-case/", views.list_matters, name="case-by-case"),
    path("case-by-case/<int:provision_id>/<code:code>/", views.show_matter, name="hand-decision"),
    path("case-by-case/<int:provision_id>/<code:code>/decide/", views.decide_matter, name="hand-decision-decide"),
]
