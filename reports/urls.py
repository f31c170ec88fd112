from django.urls import path

from reports import views

urlpatterns = [
    path("", views.show_dashboard, name="dashboard"),
    path("centres/<code:code>/", views.show_centre, name="centre"),
    path("reports/", views.list_runs, name="report-runs"),
    path("reports/runs/<int:run_id>/", views.show_run, name="report-run"),
    path("reports/runs/<int:run_id>/download/", views.download_run, name="report-run-download"),
]
