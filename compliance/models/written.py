"""What is kept as it was written."""

import json
from typing import Any, NoReturn

from django.db import NotSupportedError, models


class WrittenJSONField(models.JSONField):
    """JSON in a column of text: kept to the byte as it was written, and read as what it says; not to be searched: a
    query that looks into it raises `NotSupportedError`.

    To take every answer apart, as `jsonb` does, is a sixth of what PostgreSQL does while a country is stored.
    """

    def db_type(self, connection: Any) -> str:
        return "text"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else self._refuse(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        self._refuse(lookup_name)

    def _refuse(self, lookup_name: str) -> NoReturn:
        raise NotSupportedError(
            f"{self.name}__{lookup_name}: {self.name} is kept as it was written, and PostgreSQL does not look into it. "
            "Read it, or keep what is looked for in a column of its own."
        )
