from django.urls import path

from chips import views

urlpatterns = [
    path("centres/<code:code>/file/", views.file_inventory, name="file-inventory"),
    path("submissions/<int:submission_id>/", views.show_submission, name="submission"),
    path("submissions/<int:submission_id>/file/", views.download_file, name="submission-file"),
    path("submissions/<int:submission_id>/submit/", views.submit, name="submit"),
    path("submissions/<int:submission_id>/withdraw/", views.withdraw, name="withdraw"),
    path("submissions/<int:submission_id>/accept/", views.accept, name="accept"),
    path("submissions/<int:submission_id>/return/", views.return_for_correction, name="return"),
]
