from django.urls import path

from accounts.trail import views

urlpatterns = [
    path("", views.list_events, name="trail"),
    path("export/", views.export_events, name="trail-export"),
    path("whole/", views.export_trail, name="trail-whole"),
]
