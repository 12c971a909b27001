"""`manage.py checkpoint_keys`: which keys seal the stored checkpoints; `--reseal` before an old key goes."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.tasks.record import checkpoints


class Command(BaseCommand):
    help = (
        "Say which of the CHECKPOINT_KEYS seal the stored checkpoints. With --reseal all that are ours get the first"
        " one's seal; then the others can go. A checkpoint of no known key is no loss: its task replays its record."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reseal", action="store_true", help="seal them anew with the first key")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["reseal"]:
            number = checkpoints.reseal()
            self.stdout.write(f"Sealed {number} checkpoint{'' if number == 1 else 's'} anew with the first key.")
        known, most = checkpoints.by_key(), len(settings.CHECKPOINT_KEYS)
        for place in range(most):
            self.stdout.write(f"{known.get(place, 0):,} by key {place + 1} of {most}")
        if unknown := known.get(None, 0):
            self.stdout.write(f"{unknown:,} by no key that is set: their tasks replay their records")
