from django.urls import path

from chips import catalogue_views, filing_views, help_views, receipt_views, review_views, views

urlpatterns = [
    path("centres/<code:code>/file/", filing_views.file_inventory, name="file-inventory"),
    path("centres/<code:code>/inventory-template.xlsx", filing_views.download_template, name="inventory-template"),
    path("chips/", catalogue_views.list_chips, name="chips"),
    path("chips/<int:chip_id>/", catalogue_views.show_chip, name="chip"),
    path("chips/<int:chip_id>/claims/", catalogue_views.write_claim, name="write-claim"),
    path("help/inventory/", help_views.explain_inventory, name="help-inventory"),
    path("review/", review_views.show_queue, name="review"),
    path("uploads/<int:upload_id>/", filing_views.show_upload, name="upload"),
    path("uploads/<int:upload_id>/file/", filing_views.download_upload, name="upload-file"),
    path("uploads/<int:upload_id>/errors.xlsx", filing_views.download_marked, name="upload-errors"),
    path("uploads/<int:upload_id>/mend/", filing_views.mend, name="mend"),
    path("uploads/<int:upload_id>/undo/", filing_views.undo_mending, name="undo-mending"),
    path("uploads/<int:upload_id>/retry/", filing_views.retry_upload, name="retry-upload"),
    path("uploads/<int:upload_id>/discard/", filing_views.discard_upload, name="discard-upload"),
    path("submissions/<int:submission_id>/", views.show_submission, name="submission"),
    path("submissions/<int:submission_id>/file/", views.download_file, name="submission-file"),
    path("submissions/<int:submission_id>/changes/", views.show_changes, name="changes"),
    path("submissions/<int:submission_id>/serials/", review_views.show_serial_claims, name="serial-claims"),
    path("submissions/<int:submission_id>/confirm/", filing_views.confirm_questions, name="confirm"),
    path("submissions/<int:submission_id>/attest/", filing_views.attest, name="attest"),
    path("submissions/<int:submission_id>/withdraw/", views.withdraw, name="withdraw"),
    path("submissions/<int:submission_id>/repudiate/", receipt_views.repudiate, name="repudiate"),
    path("submissions/<int:submission_id>/receipt/", receipt_views.show_receipt, name="receipt"),
    path("submissions/<int:submission_id>/lines.jsonl", receipt_views.download_lines, name="canonical-lines"),
    path("submissions/<int:submission_id>/<slug:kind>.json", receipt_views.download_json, name="receipt-json"),
    path("submissions/<int:submission_id>/<slug:kind>.pdf", receipt_views.download_pdf, name="receipt-pdf"),
    path("submissions/<int:submission_id>/accept/", review_views.accept, name="accept"),
    path("submissions/<int:submission_id>/return/", review_views.return_for_correction, name="return"),
]
