"""Write the vectors of everyday sentences that come with the code: for developers."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "For developers, after a change of everyday sentences or of a sentence encoder: encode them anew, so that no "
        "installation has to. Writes apps/language/matching/background/vectors.npz, which belongs into the same commit."
    )

    def handle(self, **options: Any) -> None:
        from apps.language.matching import building, embedding  # numeric: only here

        if not embedding.is_available():
            raise CommandError("The sentence encoders are off or not installed. Set CHANTILLY_LANGUAGE_MODEL=on.")
        self.stdout.write(f"Written: {building.ship_everyday():,} bytes for {embedding.versions()}.")
