from django.urls import path

from centres import converters  # noqa: F401 - registers what the addresses below are made of
from compliance import views

urlpatterns = [
    path("submissions/<int:submission_id>/prospects/", views.show_prospects, name="prospects"),
    path("determinations/<int:determination_id>/", views.show_determination, name="determination"),
    path("mandates/<code:code>/", views.show_mandate, name="mandate"),
]
