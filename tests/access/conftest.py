from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from chips import filing_views
from tests.access.estates import House, furnished


@pytest.fixture(scope="module")
def house(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Both estates, furnished once for a module: whoever changes anything takes it back."""
    # Who signed in as the module began has done so lately until its end.
    known = {"FILES_DIR": tmp_path_factory.mktemp("files"), "ACCOUNT_REAUTHENTICATION_TIMEOUT": 3600}
    with (
        django_db_blocker.unblock(),
        override_settings(**known),
        pytest.MonkeyPatch.context() as patch,
    ):
        # No worker reads what is sent again here.
        patch.setattr(filing_views, "_WAITED", 0)
        with transaction.atomic():
            yield furnished()
            transaction.set_rollback(True)
