"""`python -m tests.chaos.submit KIND`: submit one task in the installation whose environment this is; prints its id."""

import sys

import django

SLOW_STEPS = """\
import crm

def run(params):
    found = []
    for number in range(150):
        for _ in range(1000000):
            pass
        found.append(crm.clients(page=1, size=1)["total"])
    return len(found)
"""


def main(kind: str) -> None:
    django.setup()
    from django.contrib.auth.models import User

    from tests import making

    user, _ = User.objects.get_or_create(username="chaos", defaults={"is_superuser": True, "is_staff": True})
    script = SLOW_STEPS if kind == "script" else ""
    print(making.task(script, user, key=f"chaos_{kind}", kind=kind).pk)


if __name__ == "__main__":
    main(sys.argv[1])
