import pytest
from django.contrib.auth.models import User

from tests import making
from tests.unit.tasks.families import DOUBLE


@pytest.fixture
def template(alice: User) -> str:
    """The key of a template in service that every test here may use."""
    return making.template("def run(params):\n    return 1\n", alice).key


@pytest.fixture
def double(alice: User) -> None:
    """A template that families start."""
    making.template(DOUBLE, alice, key="double")
