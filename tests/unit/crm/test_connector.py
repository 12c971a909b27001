from apps.crm import connector
from apps.crm.connector import LocalConnector


def test_the_companys_own_tables_are_the_default() -> None:
    assert isinstance(connector.current(), LocalConnector)
