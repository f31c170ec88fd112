from django.urls import path

from compliance import outlook_views as views

urlpatterns = [
    path("outlook/", views.show_outlook, name="outlook"),
    path("outlook/export/", views.export_outlook, name="outlook-export"),
    path("centres/<code:code>/outlook/", views.show_centre_outlook, name="centre-outlook"),
    path("centres/<code:code>/outlook/export/", views.export_centre_outlook, name="centre-outlook-export"),
]
