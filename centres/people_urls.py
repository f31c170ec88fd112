from django.urls import path

from centres import people_views

urlpatterns = [
    path("people/", people_views.list_people, name="people"),
    path("people/<int:membership_id>/dismiss/", people_views.dismiss, name="people-dismiss"),
    path("people/invitations/<int:invitation_id>/revoke/", people_views.revoke, name="invitation-revoke"),
    path("people/join/<str:key>/", people_views.join, name="invitation"),
]
