"""The inventory's columns as a resource of django-import-export, in its bulk mode, set up as its documents advise."""

from import_export import fields, resources, widgets

from chips.intake.values import DEFAULTS, VALUES
from chips.models import InventoryLine


class _Chips(widgets.Widget):
    """Chip models by name and alias, all of them read once: a query for every line would be no fair yardstick."""

    def __init__(self) -> None:
        from chips.catalogue import for_intake
        from chips.intake.matching import Catalogue

        super().__init__()
        self.catalogue = Catalogue.from_dict(for_intake())

    def clean(self, value: str, row: object = None, **options: object) -> int:
        (chip,) = self.catalogue.find(value)
        return chip


class _Choice(widgets.Widget):
    def __init__(self, column: str) -> None:
        super().__init__()
        names = {name: value for value, chinese in VALUES[column].items() for name in (value, chinese)}
        self.values = names | {"": DEFAULTS[column]}

    def clean(self, value: str, row: object = None, **options: object) -> str:
        return self.values[value]


class _Serials(widgets.Widget):
    def clean(self, value: str, row: object = None, **options: object) -> list[str]:
        return value.split(";") if value else []


def resource_of(submission: int) -> resources.ModelResource:
    """The resource whose lines are `submission`'s."""

    class Lines(resources.ModelResource):
        chip_model_id = fields.Field("chip_model_id", "chip_model", widget=_Chips())
        quantity = fields.Field("quantity", "quantity", widget=widgets.IntegerWidget())
        workload = fields.Field("workload", "workload", widget=_Choice("workload"))
        status = fields.Field("status", "status", widget=_Choice("status"))
        acquired_on = fields.Field("acquired_on", "acquired_on", widget=widgets.DateWidget("%Y-%m-%d"))
        acquisition = fields.Field("acquisition", "acquisition", widget=_Choice("acquisition"))
        unit_price_cny = fields.Field("unit_price_cny", "unit_price_cny", widget=widgets.DecimalWidget())
        serial_numbers = fields.Field("serial_numbers", "serial_numbers", widget=_Serials())
        note = fields.Field("note", "note")

        class Meta:
            model = InventoryLine
            fields = (
                "chip_model_id", "quantity", "workload", "status", "acquired_on", "acquisition", "unit_price_cny",
                "serial_numbers", "note",
            )  # fmt: skip
            import_id_fields = ()
            use_bulk = True
            batch_size = 1_000
            skip_diff = True
            skip_html_diff = True
            use_transactions = False
            force_init_instance = True

        def before_import_row(self, row: dict[str, object], **options: object) -> None:
            self.row = int(str(options["row_number"]))

        def init_instance(self, row: dict[str, object] | None = None) -> InventoryLine:
            return InventoryLine(submission_id=submission, row=self.row)

    return Lines()
