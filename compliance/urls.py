from django.urls import path

from compliance import decision_views, determination_views, run_views, views

urlpatterns = [
    path("chips/<int:chip_id>/decide/<int:claim_id>/", decision_views.decide_chip, name="decide-chip"),
    path("centres/records/", decision_views.record_table, name="record-table"),
    path("centres/<code:code>/record/", decision_views.record_centre, name="record-centre"),
    path("submissions/<int:submission_id>/prospects/", views.show_prospects, name="prospects"),
    path("determinations/runs/", run_views.list_runs, name="determination-runs"),
    path("determinations/runs/<int:run_id>/", run_views.show_run, name="determination-run"),
    path("determinations/<int:determination_id>/", determination_views.show_determination, name="determination"),
    path("determinations/<int:determination_id>/reproduce/", determination_views.show_reproduction, name="reproduce"),
    path(
        "determinations/<int:determination_id>/explanation.json",
        determination_views.download_explanation,
        name="explanation-json",
    ),
    path("determinations/<int:determination_id>/receipt.json", views.download_receipt, name="determined-json"),
    path("determinations/<int:determination_id>/receipt.pdf", views.download_receipt_pdf, name="determined-pdf"),
]
