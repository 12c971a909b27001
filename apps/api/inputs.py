"""What callers send: bodies and query strings. A name that is not known is refused, so a misspelt one never passes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from apps.api.paging import ORDERINGS
from apps.core import clock
from apps.core.errors import InvalidInput
from apps.tasks.making.submission import MAX_KEY, MAX_TAGS
from apps.tasks.record import feed
from apps.tasks.states import PRIORITY_WORDS

FURTHEST = timedelta(days=3660)
MAX_PAGE = 100
MAX_TOKEN_DAYS = 365
ORDERING_WORDS = sorted([*ORDERINGS, *(f"-{name}" for name in ORDERINGS)])


class Input(serializers.Serializer[Any]):
    """Fields beyond the declared ones are an error."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(str(name)[:80] for name in data if name not in self.fields)
            if unknown:
                known = ", ".join(self.fields) or "none"
                raise serializers.ValidationError(dict.fromkeys(unknown, f"There is no such field. Known: {known}."))
        return super().to_internal_value(data)


S = TypeVar("S", bound=Input)


def body(form: type[S], request: Request) -> dict[str, Any]:
    """The validated body; an absent one counts as {}."""
    if not isinstance(request.data, dict):
        raise InvalidInput("Send a JSON object: {…}.")
    return _checked(form(data=request.data))


def query(form: type[S], request: Request) -> dict[str, Any]:
    return _checked(form(data=_single(request.query_params)))


def _single(params: QueryDict) -> dict[str, str]:
    if repeated := [name for name in params if len(params.getlist(name)) > 1]:
        raise InvalidInput("A query parameter appears twice.", fields={name[:80]: "Give it once." for name in repeated})
    return params.dict()  # type: ignore[return-value]  # a QueryDict of single values holds texts


def _checked(form: Input) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    validated: dict[str, Any] = form.validated_data
    return validated


class Parameters(serializers.DictField):
    """The template's own parameters: its schema checks them, not this."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            self.fail("not_a_dict", input_type=type(data).__name__)
        return data


@extend_schema_field({"oneOf": [{"type": "integer", "minimum": 0, "maximum": 100}, {"enum": [*PRIORITY_WORDS]}]})
class Priority(serializers.Field[Any, Any, Any, Any]):
    """0 to 100, or critical, high, normal, medium, low."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and data.lower() in PRIORITY_WORDS:
            return data.lower()
        if type(data) is int and 0 <= data <= 100:
            return data
        raise serializers.ValidationError(f"Use a number from 0 to 100, or one of {', '.join(PRIORITY_WORDS)}.")

    def to_representation(self, value: Any) -> Any:
        return value


class FutureMoment(serializers.DateTimeField):
    def to_internal_value(self, value: Any) -> Any:
        moment = super().to_internal_value(value)
        if not clock.now() < moment < clock.now() + FURTHEST:
            raise serializers.ValidationError("Use a moment in the future, at most ten years ahead.")
        return moment


class PastOrFuture(serializers.DateTimeField):
    def to_internal_value(self, value: Any) -> Any:
        moment = super().to_internal_value(value)
        if not 1970 < moment.year < 9000:
            raise serializers.ValidationError("Use a year between 1971 and 8999.")
        return moment


class IdempotencyKey(serializers.CharField):
    """As the Idempotency-Key header: the same key gives the same task."""

    def __init__(self, **options: Any) -> None:
        given = {"max_length": MAX_KEY, "required": False, "help_text": " ".join(str(self.__doc__).split())}
        super().__init__(**{**given, **options})


class TaskRequest(Input):
    template = serializers.CharField(max_length=64, help_text="A template's key.")
    parameters = Parameters(required=False, help_text="As the template's parameter_schema describes them.")
    title = serializers.CharField(max_length=200, required=False, help_text="Default: the template's name.")
    instructions = serializers.CharField(
        max_length=10_000, required=False, allow_blank=True, help_text="The words in which it was asked for."
    )
    priority = Priority(required=False, help_text="0 to 100, or critical, high, normal, medium, low.")
    tags = serializers.ListField(child=serializers.CharField(max_length=50), max_length=MAX_TAGS, required=False)
    deadline = FutureMoment(required=False, help_text="The task is cancelled when it has not ended by then.")
    start_at = FutureMoment(required=False, help_text="Not to be started before.")
    idempotency_key = IdempotencyKey()


class EstimateRequest(Input):
    parameters = Parameters(required=False)


class Reason(Input):
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class NoFields(Input):
    pass


class Login(Input):
    username = serializers.CharField(max_length=150, trim_whitespace=False)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, style={"input_type": "password"})
    days = serializers.IntegerField(min_value=1, max_value=MAX_TOKEN_DAYS, required=False)


class TokenRequest(Input):
    days = serializers.IntegerField(min_value=1, max_value=MAX_TOKEN_DAYS, required=False)


class TaskQuery(Input):
    """Filters as texts, which `filters` reads on every edge, and the page."""

    status = serializers.CharField(
        max_length=200, required=False, help_text="One status or several with commas: pending,running; open, final."
    )
    template = serializers.CharField(max_length=64, required=False)
    queue = serializers.CharField(max_length=50, required=False)
    requester = serializers.CharField(max_length=150, required=False, help_text="A user's name.")
    tag = serializers.CharField(max_length=50, required=False)
    error = serializers.CharField(max_length=100, required=False, help_text="An error's code.")
    dead_letter = serializers.BooleanField(required=False)
    whole = serializers.CharField(
        max_length=10,
        required=False,
        help_text="true: no parts of other tasks; false: only those; any: both. Left out: true; any where `ids`,"
        " `parent`, `queue` or a number as `search` is given.",
    )
    parent = serializers.IntegerField(  # type: ignore[assignment]  # declared fields are collected, the attribute stays
        min_value=1, max_value=2**63 - 1, required=False, help_text="The parts of this task."
    )
    ids = serializers.CharField(max_length=10_000, required=False, help_text="Numbers of tasks, with commas.")
    created_after = PastOrFuture(required=False)
    created_before = PastOrFuture(required=False)
    due_before = PastOrFuture(required=False, help_text="Could have started before then.")
    search = serializers.CharField(
        max_length=200, required=False, help_text="Words in title, request, template or requester, or the id."
    )
    ordering = serializers.ChoiceField(choices=ORDERING_WORDS, required=False, default="-created")
    cursor = serializers.CharField(max_length=300, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, required=False, default=25)


class FeedQuery(Input):
    after = serializers.IntegerField(min_value=0, max_value=2**62, required=False, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=feed.MAX_PAGE, required=False, default=100)
