from django.urls import path

from compliance import simulation_views

urlpatterns = [
    path("simulations/", simulation_views.list_simulations, name="simulations"),
    path("simulations/<uuid:key>/", simulation_views.show_simulation, name="simulation"),
    path("simulations/<uuid:key>/again/", simulation_views.begin_again, name="simulation-again"),
    path("simulations/<uuid:key>/changes.csv", simulation_views.download_changes, name="simulation-csv"),
]
