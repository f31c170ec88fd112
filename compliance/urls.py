from django.urls import path

from compliance import views

urlpatterns = [
    path("submissions/<int:submission_id>/prospects/", views.show_prospects, name="prospects"),
    path("determinations/<int:determination_id>/", views.show_determination, name="determination"),
    path("determinations/<int:determination_id>/receipt.json", views.download_receipt, name="determined-json"),
    path("determinations/<int:determination_id>/receipt.pdf", views.download_receipt_pdf, name="determined-pdf"),
    path("mandates/<code:code>/", views.show_mandate, name="mandate"),
]
