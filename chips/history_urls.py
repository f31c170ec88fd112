from django.urls import path

from chips import history_views

urlpatterns = [
    path("centres/<code:code>/inventory/", history_views.show_history, name="inventory-history"),
    path("centres/<code:code>/differences/", history_views.show_differences, name="inventory-differences"),
]
