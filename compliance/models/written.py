"""What is kept as it was written."""

import json
from typing import Any

from django.db import models


class WrittenJSONField(models.JSONField):
    """JSON in a column of text: kept to the byte as it was written, and read as what it says; not to be searched.

    To take every answer apart, as `jsonb` does, is a sixth of what PostgreSQL does while a country is stored.
    """

    def db_type(self, connection: Any) -> str:
        return "text"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
