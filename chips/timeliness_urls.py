from django.urls import path

from chips import timeliness_views as views

urlpatterns = [
    path("timeliness/", views.show_timeliness, name="timeliness"),
    path("timeliness/export/", views.export_timeliness, name="timeliness-export"),
    path("timeliness/openings/<int:request_id>/", views.answer_opening, name="answer-opening"),
    path("timeliness/<code:period_code>/term/", views.set_period_term, name="period-term"),
    path("timeliness/<code:period_code>/term/<code:code>/", views.set_centre_term, name="centre-term"),
    path("timeliness/<code:period_code>/opening/<code:code>/", views.ask_opening, name="ask-opening"),
]
