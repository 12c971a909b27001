"""`python -m tests.chaos.rolling COUNT`: submit that many tasks whose calls leave lines outside; prints their ids."""

import sys

import django

SCRIPT = """\
import world

def run(params):
    total = 0
    for number in range(12):
        total += world.wait(number, 0.25)
    return total
"""


def main(count: int) -> None:
    django.setup()
    from django.contrib.auth.models import User

    from apps.tasks.making.submission import Request, submit
    from tests import making

    user, _ = User.objects.get_or_create(username="chaos", defaults={"is_superuser": True, "is_staff": True})
    key = making.template(SCRIPT, user, key="chaos_rolling").key
    for _ in range(count):
        print(submit(Request(template=key, origin="test"), user).task.pk)


if __name__ == "__main__":
    main(int(sys.argv[1]))
