"""Where the way to comply is found."""

from django.urls import path

from compliance import plan_views

urlpatterns = [
    path("centres/<code:code>/plan/", plan_views.show_plan, name="centre-plan"),
    path("centres/<code:code>/plan/plan.csv", plan_views.export_plan, name="centre-plan-export"),
]
