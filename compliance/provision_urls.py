from django.urls import path, register_converter

from compliance import mandate_views, provision_views, provision_writing_views


class StepConverter:
    """A step with a provision that needs nothing but to be taken."""

    regex = "propose|take-back|withdraw-approval|discard|restore"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(StepConverter, "provision_step")
PROVISION = "mandates/provisions/<int:provision_id>/"

urlpatterns = [
    path("mandates/", mandate_views.list_mandates, name="mandates"),
    path("mandates/new/", mandate_views.write_mandate, name="mandate-write"),
    path("mandates/reading/", provision_writing_views.read_entry, name="provision-reading"),
    path(PROVISION, provision_views.show_provision, name="provision"),
    path(f"{PROVISION}rewrite/", provision_writing_views.rewrite_provision, name="provision-rewrite"),
    path(f"{PROVISION}effects/", provision_views.show_effects, name="provision-effects"),
    path(f"{PROVISION}approve/", provision_views.approve_provision, name="provision-approve"),
    path(f"{PROVISION}send-back/", provision_views.send_back, name="provision-send-back"),
    path(f"{PROVISION}issue/", provision_views.issue_provision, name="provision-issue"),
    path(f"{PROVISION}<provision_step:step>/", provision_views.take_step, name="provision-step"),
    path("mandates/<code:code>/", mandate_views.show_mandate, name="mandate"),
    path("mandates/<code:code>/write/", provision_writing_views.write_provision, name="provision-write"),
    path("mandates/<code:code>/repeal/", provision_writing_views.repeal_mandate, name="provision-repeal"),
]
