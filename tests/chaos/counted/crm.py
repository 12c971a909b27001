from apps.tools import crm
from tests.chaos.counting import counted

__doc__ = crm.__doc__
globals().update(counted("apps.tools.crm"))
