"""Where second looks at a share and movements are found."""

from django.urls import path

from compliance import movement_views, share_views

urlpatterns = [
    path("shares/", share_views.show_shares, name="shares"),
    path("shares/export.csv", share_views.export_shares, name="shares-export"),
    path("centres/<code:code>/shares/", share_views.show_centre_shares, name="centre-shares"),
    path("movements/", movement_views.list_movements, name="movements"),
    path("movements/export.csv", movement_views.export_movements, name="movements-export"),
    path("movements/<int:movement_id>/", movement_views.show_movement, name="movement"),
]
