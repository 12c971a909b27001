import pytest
from django.contrib.auth.models import User

from tests import making


@pytest.fixture
def template(alice: User) -> str:
    """The key of a template in service that every test here may use."""
    return making.template("def run(params):\n    return 1\n", alice).key
